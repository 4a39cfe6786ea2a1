"""The contracts as files are those of the code, and can be used without it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import ROOT, vedette
from vedette.app.contract_schemas import ASYNCAPI, asyncapi, contract_files, write_contracts
from vedette.contracts.topics import TOPICS, find_topic

SCHEMAS = ROOT / "schemas"


def test_the_folder_of_the_repository_is_up_to_date() -> None:
    there = {file.name: file.read_text("utf-8") for file in SCHEMAS.iterdir()}

    assert there == contract_files(), "run: vedette schemas"


def test_every_payload_has_a_schema_with_its_version() -> None:
    for topic in TOPICS:
        schema = json.loads((SCHEMAS / f"{topic.payload.__name__}.json").read_text("utf-8"))
        assert schema["properties"]["schema_version"]["default"] >= 1
        assert schema["additionalProperties"] is True, "unknown fields are kept"


def test_the_document_of_topics_names_all_of_them_and_every_reference_leads_somewhere() -> None:
    document = asyncapi()

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [each for value in node.values() for each in references(value)]
        return []

    assert set(document["channels"]) == {topic.name for topic in TOPICS}
    for reference in references(document):
        if reference.startswith("./"):
            assert (SCHEMAS / reference).is_file()
            continue
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    for name, channel in document["channels"].items():
        filled = name
        for parameter in channel.get("parameters", {}):
            filled = filled.replace(f"{{{parameter}}}", "x1")
        topic = find_topic(filled)
        assert topic is not None, f"{filled} is no topic: a parameter is missing"
        assert topic.name == name
        assert channel["x-delivery"] == topic.delivery.value
    old = document["channels"]["process.detected"]
    assert old["x-deprecated-for"] == "process.detected.v2"


def test_files_are_written_once_and_old_ones_go(tmp_path: Path) -> None:
    (tmp_path / "Gone.json").write_text("{}")
    (tmp_path / "README.md").write_text("mine")
    changed, gone = write_contracts(tmp_path)
    assert set(changed) == set(contract_files())
    assert gone == ["Gone.json"]
    assert (tmp_path / "README.md").read_text() == "mine"

    (tmp_path / ASYNCAPI).write_text("{}")
    assert write_contracts(tmp_path) == ([ASYNCAPI], [])


@pytest.mark.parametrize(("spoil", "code"), [(False, 0), (True, 1)])
def test_the_check_says_which_file_is_old(tmp_path: Path, spoil: bool, code: int) -> None:
    write_contracts(tmp_path)
    if spoil:
        (tmp_path / "Event.json").write_text("{}")
    done = vedette("schemas", tmp_path, "--check")

    assert done.code == code
    assert ("Event.json" in done.out) is spoil
