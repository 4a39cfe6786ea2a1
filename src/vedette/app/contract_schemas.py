"""The contracts outside of Python: JSON Schemas of all payloads, an AsyncAPI document of topics."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vedette import __version__
from vedette.contracts.payload import Payload
from vedette.contracts.topics import TOPICS, Topic
from vedette.contracts.versions import SUCCESSIONS

ASYNCAPI = "asyncapi.json"
DRAFT = "https://json-schema.org/draft/2020-12/schema"

_PARAMETER = re.compile(r"\{([a-z]+)\}")
_PARAMETERS = {
    "id": "Id of a camera: a-z, 0-9, _ and -.",
    "channel": "Id of a channel.",
    "name": "Name of a module.",
    "surface": "Where the command comes from.",
}


def contract_files() -> dict[str, str]:
    """Name and content of each file of the folder `schemas/`."""
    files = {f"{model.__name__}.json": _text(_schema(model)) for model in payloads()}
    files[ASYNCAPI] = _text(asyncapi())
    return files


def write_contracts(folder: Path) -> tuple[list[str], list[str]]:
    """Write them; what is of no contract any more is removed.

    Returns:
        Names of the files that were written because they differed, and of those removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = contract_files()
    old = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.json")}
    changed = [name for name, text in files.items() if old.get(name) != text]
    for name in changed:
        (folder / name).write_text(files[name], encoding="utf-8")
    gone = sorted(old.keys() - files.keys())
    for name in gone:
        (folder / name).unlink()
    return changed, gone


def payloads() -> list[type[Payload]]:
    """Every payload that some topic carries, by name."""
    return sorted({topic.payload for topic in TOPICS}, key=lambda model: model.__name__)


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: a channel for each topic, with its payload and its class of delivery."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Vedette",
            "version": __version__,
            "description": "Facts on the event bus. Durable ones are told at least once.",
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {f"hear {topic.name}": _operation(topic) for topic in TOPICS},
        "components": {"messages": dict(_messages())},
    }


def _schema(model: type[Payload]) -> dict[str, Any]:
    return {"$schema": DRAFT, **model.model_json_schema(mode="serialization")}


def _channel(topic: Topic) -> dict[str, Any]:
    name = topic.payload.__name__
    channel: dict[str, Any] = {
        "address": topic.name,
        "description": topic.summary,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "x-delivery": topic.delivery.value,
    }
    successor = {each.old: each.new for each in SUCCESSIONS}.get(topic.name)
    if successor:
        channel["x-deprecated-for"] = successor
    if found := _PARAMETER.findall(topic.name):
        channel["parameters"] = {each: {"description": _PARAMETERS[each]} for each in found}
    return channel


def _operation(topic: Topic) -> dict[str, Any]:
    place = "#/channels/" + topic.name.replace("~", "~0").replace("/", "~1")
    return {"action": "receive", "channel": {"$ref": place}, "summary": topic.summary}


def _messages() -> Iterator[tuple[str, dict[str, Any]]]:
    for model in payloads():
        name = model.__name__
        yield (
            name,
            {
                "name": name,
                "contentType": "application/json",
                "payload": {"$ref": f"./{name}.json"},
            },
        )


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
