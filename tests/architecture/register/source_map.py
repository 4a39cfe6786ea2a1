"""Reads `docs/source-map.md` and tells what is wrong with it.

    python -m tests.architecture.register.source_map

prints the faults, how many rows have which status, how many each issue still owes, and planned rows
whose place exists by now. With an issue (`"issue 2"`, `later`) it prints the rows that this one
still owes instead, and fails where there are some.
"""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from tests.architecture.register.extract import Entry, read
from vedette.contracts.topics import TOPICS

ROOT = Path(__file__).parents[3]
MAP = ROOT / "docs" / "source-map.md"
NAMES = Path(__file__).with_name("names.tsv")

HEADER = "| in the seed | place here | status |"
QUOTED = re.compile(r"`([^`]+)`")
STATUS = re.compile(
    r"(?P<here>here)(?:[;, ] ?.+)?"
    r"|planned \((?P<issue>issue [2-7]|later): (?P<where>[^)]+(?:\([^)]*\)[^)]*)*)\)(?:; .+)?"
    r"|(?P<deviation>deviation): .{15,}"
)
PROMISE = re.compile(r"planned \((issue \d+|later):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of one of the map's tables."""

    line: int
    names: tuple[str, ...]
    """What the first column quotes: ids of the register and names."""
    places: tuple[str, ...]
    """What the second column quotes."""
    status: str


def rows(text: str) -> tuple[Row, ...]:
    """The rows of all tables that have the map's header."""
    found = []
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        inside = line == HEADER or (inside and line.startswith("|"))
        if not inside or line == HEADER or line.startswith("|---"):
            continue
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != 3:
            raise ValueError(f"line {number}: {len(cells)} columns where there must be 3: {line}")
        names, places, status = cells
        found.append(
            Row(
                line=number,
                names=tuple(QUOTED.findall(names)),
                places=tuple(QUOTED.findall(places)),
                status=status,
            )
        )
    return tuple(found)


def name_faults(mapped: tuple[Row, ...], register: tuple[Entry, ...]) -> Iterator[str]:
    """Names of the register that have no row, or two; names in the map that nobody used."""
    known = {entry.key: entry.text for entry in register}
    times = Counter(name for row in mapped for name in row.names if name in known)
    for key in known:
        if times[key] != 1:
            yield f"`{key}` stands {times[key]} times in the first column; once is right"
    for row in mapped:
        texts = " ".join(known[name] for name in row.names if name in known)
        for name in row.names:
            if name not in known and f"`{name}`" not in texts:
                yield f"line {row.line}: the register does not know `{name}`"


def status_faults(mapped: tuple[Row, ...]) -> Iterator[str]:
    """Statuses of no known form, and `here` without a place."""
    for row in mapped:
        match = STATUS.fullmatch(row.status)
        if match is None:
            yield f"line {row.line}: what does this status mean? {row.status!r}"
        elif match["here"] and not row.places:
            yield f"line {row.line}: it is said to be here, but not where"
        for issue in PROMISE.findall(row.status):
            if issue not in {"later", *(f"issue {number}" for number in range(2, 8))}:
                yield f"line {row.line}: there is no {issue}"


def place_faults(mapped: tuple[Row, ...]) -> Iterator[str]:
    """Places that do not exist."""
    for row in mapped:
        for place in row.places:
            if not exists(place):
                yield f"line {row.line}: there is no `{place}` (for {', '.join(row.names)})"


def owed_by(mapped: tuple[Row, ...], issue: str) -> Iterator[Row]:
    """Rows that an issue (`issue 2`, `later`) still owes, wholly or in part."""
    owed = re.compile(rf"\b{issue}\b" if issue != "later" else r"planned \(later:")
    return (row for row in mapped if owed.search(row.status))


def ripe(mapped: tuple[Row, ...]) -> Iterator[Row]:
    """Planned rows whose place, when it names a file, exists by now: look whether it is done."""
    for row in mapped:
        match = STATUS.fullmatch(row.status)
        where = match["where"] if match else None
        if where and Path(where.split()[0]).suffix and exists(where.split()[0]):
            yield row


def exists(place: str) -> bool:
    """True where a place of the second column exists. Its forms: see the map's first table."""
    kind, _, rest = place.partition(" ")
    if rest and kind in CHECKS:
        return CHECKS[kind](rest)
    module, colon, path = place.partition(":")
    if colon and module.startswith("vedette."):
        return _has_attribute(module, path.split("."))
    target = ROOT / place
    return _is_filled(target) if place.endswith("/") else target.is_file()


def _is_filled(folder: Path) -> bool:
    """A folder counts when it has more than the file that makes it a package."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return any(file.name != "__init__.py" and file.suffix != ".pyc" for file in files)


def _has_attribute(module: str, path: list[str]) -> bool:
    try:
        owner: Any = import_module(module)
    except ModuleNotFoundError:
        return False
    for name in path:
        fields = {**getattr(owner, "model_fields", {}), **getattr(owner, "__annotations__", {})}
        if not hasattr(owner, name) and name not in fields:
            return False
        owner = getattr(owner, name, None)
    return True


def _has_topic(name: str) -> bool:
    return any(topic.name == name for topic in TOPICS)


def _has_table(name: str) -> bool:
    table, _, column = name.partition(".")
    try:
        tables = import_module("vedette.store.tables").METADATA.tables
    except ModuleNotFoundError:
        return False
    return table in tables and (not column or column in tables[table].columns)


def _has_route(path: str) -> bool:
    modules = [import_module(f"vedette.api.{file.stem}") for file in _sources("api")]
    routers = [module.router for module in modules if hasattr(module, "router")]
    return any(getattr(route, "path", None) == path for part in routers for route in part.routes)


def _has_command(name: str) -> bool:
    try:
        app = import_module("vedette.cli.main").app
    except ModuleNotFoundError:
        return False
    commands = typer.main.get_group(app).commands
    return name in commands


def _has_target(name: str) -> bool:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return re.search(rf"^{re.escape(name)}:", makefile, re.MULTILINE) is not None


@cache
def _packages() -> frozenset[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    return frozenset(re.split(r"[\s\[<>=!~;]", line, maxsplit=1)[0] for line in wanted)


def _has_package(name: str) -> bool:
    return name in _packages()


def _sources(folder: str) -> list[Path]:
    return sorted((ROOT / "src" / "vedette" / folder).rglob("*.py"))


def _quoted(text: str) -> str:
    """As Python source writes it in this project."""
    return f'"{text}"'


CHECKS: dict[str, Callable[[str], bool]] = {
    "topic": _has_topic,
    "table": _has_table,
    "route": _has_route,
    "command": _has_command,
    "make": _has_target,
    "package": _has_package,
}


def faults(mapped: tuple[Row, ...], register: tuple[Entry, ...]) -> list[str]:
    """Everything that is wrong, as sentences."""
    checks = (name_faults(mapped, register), status_faults(mapped), place_faults(mapped))
    return [fault for check in checks for fault in check]


def main() -> None:
    mapped = rows(MAP.read_text("utf-8"))
    wrong = _owed(mapped, sys.argv[1]) if len(sys.argv) > 1 else _overview(mapped)
    sys.exit(1 if wrong else 0)


def _owed(mapped: tuple[Row, ...], issue: str) -> list[Row]:
    owed = list(owed_by(mapped, issue))
    for row in owed:
        sys.stdout.write(f"line {row.line}: {', '.join(row.names)}: {row.status}\n")
    return owed


def _overview(mapped: tuple[Row, ...]) -> list[str]:
    wrong = faults(mapped, read(NAMES))
    say = sys.stdout.write
    for fault in wrong:
        say(f"{fault}\n")
    counts = Counter(re.split(r"[;:, ]", row.status)[0] for row in mapped)
    say(f"{len(mapped)} rows: {dict(counts)}; {len(wrong)} faults\n")
    for issue in (*(f"issue {number}" for number in range(2, 8)), "later"):
        say(f"{issue}: {len(list(owed_by(mapped, issue)))} rows\n")
    for row in ripe(mapped):
        say(f"line {row.line}: done by now? {', '.join(row.names)}: {row.status}\n")
    return wrong


if __name__ == "__main__":
    main()
