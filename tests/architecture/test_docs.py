"""Documents keep their word: links lead somewhere, examples work, terms stand once."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.register.source_map import exists
from vedette.contracts.errors import DeliveryFailed
from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.kit.ids import alert_id, event_id
from vedette.testing.fakes import FakeClock

ROOT = Path(__file__).parents[2]
RECORDS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
RECORD_LIST = ROOT / "docs" / "adr" / "README.md"
GLOSSARY = ROOT / "docs" / "glossary.md"

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")
ENTRY = re.compile(r"^\*\*(.+?)\*\* +(.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
STATUS = re.compile(
    r"^(?:Status: |## Status\n\n)(proposed|accepted|superseded by \d{4})", re.M | re.I
)
HEADINGS = ["Context", "Decision", "Consequences"]


def documents() -> list[Path]:
    """Every Markdown file of the project: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(ROOT / name for name in names.split("\0") if name and (ROOT / name).exists())


def anchor(heading: str) -> str:
    """The fragment that the usual renderers make of a heading."""
    plain = re.sub(r"[`*]", "", heading).lower()
    return re.sub(r"[^\w -]", "", plain).replace(" ", "-")


def dead_links(document: Path) -> list[str]:
    """Links of a document to files or headings of this repository that do not exist."""
    text = CODE.sub("", FENCE.sub("", document.read_text("utf-8")))
    targets = [first or second for first, second in LINK.findall(text)]
    return [
        target
        for target in targets
        if not ELSEWHERE.match(target) and not leads_somewhere(document, target)
    ]


def leads_somewhere(document: Path, target: str) -> bool:
    path, _, fragment = target.partition("#")
    file = (document.parent / path).resolve() if path else document
    if not file.exists() or (path and not file.is_relative_to(ROOT)):
        return False
    if not fragment or file.suffix != ".md":
        return True
    return fragment in {anchor(heading) for heading in HEADING.findall(file.read_text("utf-8"))}


@pytest.mark.parametrize("document", documents(), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    assert dead_links(document) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "[gone](gone.md) [here](#here) [not](#not-here) [web](https://example.org/x)\n"
        '`[code](code.md)` <img src="no.png">\n# Here\n```\n[fenced](fenced.md)\n```\n'
    )

    assert dead_links(page) == ["gone.md", "#not-here", "no.png"]


def test_a_heading_is_found_by_its_anchor() -> None:
    assert anchor("A plug-in: one file + one line") == "a-plug-in-one-file--one-line"
    assert leads_somewhere(GLOSSARY, "../CONTRIBUTING.md#set-up")


@pytest.mark.parametrize("record", RECORDS, ids=lambda file: file.stem)
def test_decision_record_has_its_parts_and_its_line_in_the_list(record: Path) -> None:
    text = record.read_text("utf-8")
    headings = [heading for heading in HEADING.findall(text) if heading in HEADINGS]

    assert STATUS.search(text), "second line: Status: proposed, accepted or superseded by NNNN"
    assert headings == HEADINGS
    assert text.startswith(f"# {record.stem[:4]}: "), f"first line: # {record.stem[:4]}: Title"
    assert f"({record.name})" in RECORD_LIST.read_text("utf-8"), f"add it to {RECORD_LIST.name}"


def test_decision_records_have_different_numbers() -> None:
    numbers = [record.stem[:4] for record in RECORDS]
    assert len(set(numbers)) == len(numbers) > 0


def glossary() -> dict[str, str]:
    entries: list[tuple[str, str]] = ENTRY.findall(GLOSSARY.read_text("utf-8"))
    assert len({term for term, _ in entries}) == len(entries), "a term stands twice"
    return {term: " ".join(text.split()) for term, text in entries}


def test_glossary_is_alphabetical_and_each_term_stands_once() -> None:
    terms = list(glossary())
    assert len(terms) > 40
    assert terms == sorted(terms, key=str.casefold)


def test_glossary_names_places_that_exist() -> None:
    places = [
        (term, place)
        for term, text in glossary().items()
        for place in re.findall(r"`([^`]+)`", text)
        if re.match(r"(vedette\.[\w.]+:|src/|docs/|tests/|topic |table |route |command )", place)
    ]
    assert len(places) > 40
    assert [(term, place) for term, place in places if not exists(place)] == []


async def test_the_plugin_of_the_guide_works_as_printed(tmp_path: Path) -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    example = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert example
    file = tmp_path / "text_file.py"
    file.write_text(example[1])
    spec = importlib.util.spec_from_file_location("text_file", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    clock = FakeClock()

    config = module.TextFileChannel.Config(path=tmp_path / "told.txt")
    reached = await module.TextFileChannel(config, clock=clock).send(notice(clock))

    assert reached == str(tmp_path / "told.txt")
    assert (tmp_path / "told.txt").read_text() == "2026-01-01T00:00:00+00:00 person in yard\n"
    nowhere = module.TextFileChannel.Config(path=tmp_path / "missing" / "told.txt")
    with pytest.raises(DeliveryFailed, match="No such file"):
        await module.TextFileChannel(nowhere, clock=clock).send(notice(clock))


def notice(clock: FakeClock) -> Notice:
    event = event_id("default", "yard", "person", "track-1", 0)
    return Notice(
        alert_id=alert_id(event),
        event_id=event,
        site_id="default",
        camera_id="yard",
        rule_id="person",
        event_type="presence",
        severity=Severity.INFO,
        title="person in yard",
        text="A person was seen.",
        at=clock.now(),
    )
