"""Takes from the requirements register every name that the source map must place.

The register is a Markdown document outside this repository; CI runs without it, so its names are
kept beside this script.

    python -m tests.architecture.register.extract REGISTER.md

prints what stands in `names.tsv`: one name a line, with its kind (`lay`, `tec` or `name`), the id
or the name, and what the register says of it (the sentence of a LAY or TEC row; the rows that quote
a name).
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROW = re.compile(r"^\| ([A-D]-(LAY|TEC)-\d{3}) \| [^|]+ \| [MOP] \| (.+?) \| [^|]+ \|$")
"""Id, seed lines, level, what must be true, check."""
INDEX = "## 7. Index of quoted names"
NAME = re.compile(r"^\| `(.+)` \| ([A-D][A-Z0-9, -]+) \|$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name of the register."""

    kind: str
    """`lay`, `tec` or `name`."""
    key: str
    """Id of the row, or the quoted name."""
    text: str


def entries(register: str) -> Iterator[Entry]:
    """The LAY and TEC rows of section 2, then the quoted names of section 7."""
    rows, _, rest = register.partition(INDEX)
    for line in rows.splitlines():
        if row := ROW.match(line):
            yield Entry(kind=row[2].lower(), key=row[1], text=row[3])
    index, _, _ = rest.partition("\n## ")
    for line in index.splitlines():
        if name := NAME.match(line):
            yield Entry(kind="name", key=name[1], text=name[2])


def read(path: Path) -> tuple[Entry, ...]:
    """The entries of a file that this script wrote."""
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = [line.split("\t") for line in lines]
    return tuple(Entry(kind=kind, key=key, text=text) for kind, key, text in cells)


def main() -> None:
    register = Path(sys.argv[1]).read_text(encoding="utf-8")
    for entry in entries(register):
        sys.stdout.write(f"{entry.kind}\t{entry.key}\t{entry.text}\n")


if __name__ == "__main__":
    main()
