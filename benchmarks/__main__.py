"""`make bench`: runs every benchmark and prints its table; `--json FILE` keeps the figures."""

import argparse
import json
from pathlib import Path

from benchmarks import tracking


def main() -> None:
    """Run all of them, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--peer-python", type=Path, help="interpreter with benchmarks/peers' needs")
    chosen = parser.parse_args()
    figures = {"tracking": tracking.measure(chosen.peer_python)}
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
