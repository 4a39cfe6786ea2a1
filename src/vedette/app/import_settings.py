"""Settings of other products, read, made into ours, checked, and written with what is missing."""

import io
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from vedette.app.load import check_settings
from vedette.config.document import Document
from vedette.config.imports.frigate import from_frigate
from vedette.config.imports.spyoncino import from_spyoncino
from vedette.config.imports.taken import Note
from vedette.config.reader import load_yaml
from vedette.config.secrets import Secrets, resolve
from vedette.contracts.errors import InvalidConfig, StorageFailed

Reading = Callable[[dict[str, Any]], tuple[dict[str, Any], list[Note]]]

READERS: Mapping[str, Reading] = {"frigate": from_frigate, "spyoncino": from_spyoncino}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a file."""

    product: str
    cameras: int
    rules: int
    notes: Sequence[Note]
    text: str
    """The settings as YAML, what is missing as comments at their beginning."""


def import_settings(file: Path, product: str = "") -> Imported:
    """Read a file of another product.

    Args:
        product: `frigate` or `spyoncino`; found out where it is empty.

    Raises:
        InvalidConfig: it cannot be read, is of neither, or makes no settings of ours.
    """
    document = load_yaml(file)
    product = product or _product_of(document)
    if product not in READERS:
        there = ", ".join(READERS)
        raise InvalidConfig(f"settings of {product!r} are not known; there are: {there}")
    try:
        settings, notes = READERS[product](document.data)
    except InvalidConfig as error:
        raise InvalidConfig(f"{file}: {error}") from error
    if not settings.get("cameras"):
        raise InvalidConfig(f"{file}: there is no camera in it")
    _demand_valid(settings, file)
    cameras = settings["cameras"]
    return Imported(
        product=product,
        cameras=len(cameras),
        rules=sum(len(camera.get("rules", ())) for camera in cameras),
        notes=notes,
        text=_text(settings, notes, f"{product}, {file.name}"),
    )


def write_import(imported: Imported, output: Path, *, anyway: bool = False) -> None:
    """Write the settings to a new file.

    Args:
        anyway: also over one that is there.

    Raises:
        StorageFailed: it exists, or cannot be written.
    """
    try:
        with output.open("w" if anyway else "x", encoding="utf-8") as file:
            file.write(imported.text)
    except FileExistsError:
        raise StorageFailed(
            f"{output} is there already; name another file with --output, or use --force"
        ) from None
    except OSError as error:
        raise StorageFailed(f"{output} cannot be written: {error.strerror}") from error


def _product_of(document: Document) -> str:
    """Whose settings they look like."""
    cameras = document.data.get("cameras")
    if isinstance(cameras, dict) and any(
        isinstance(each, dict) and "ffmpeg" in each for each in cameras.values()
    ):
        return "frigate"
    if isinstance(cameras, list) and any(
        isinstance(each, dict) and "camera_id" in each for each in cameras
    ):
        return "spyoncino"
    raise InvalidConfig(
        f"{document.name}: this looks neither like Frigate's settings (cameras with `ffmpeg:`) nor "
        "like Spyoncino's (a list of cameras with `camera_id:`); say which with --from"
    )


class _AnySecret(Mapping[str, str]):
    """Knows every name, and what it knows looks like a token: secrets need not be there yet."""

    def __getitem__(self, name: str) -> str:
        return "123456:a-secret"

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _demand_valid(settings: dict[str, Any], file: Path) -> None:
    made = Document(name=f"what came of {file}", data=settings)
    check_settings(resolve(made, Secrets(environment=_AnySecret())), file)


def _text(settings: dict[str, Any], notes: Sequence[Note], origin: str) -> str:
    lines = [f"Made of the settings of {origin}, by `vedette config import`."]
    if notes:
        lines += ["", "Not taken over, or not as it was:"]
    for note in notes:
        lines += textwrap.wrap(
            f"- {note.place}: {note.why}", 96, subsequent_indent="  ", break_on_hyphens=False
        )
    sheet = io.StringIO()
    for line in lines:
        sheet.write(f"# {line}".rstrip() + "\n")
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 100
    yaml.dump(_laid_out(settings), sheet)
    return sheet.getvalue()


def _laid_out(value: Any) -> Any:
    """Words and corners in one line, everything else line by line."""
    if isinstance(value, dict):
        return {key: _laid_out(inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    laid = CommentedSeq(_laid_out(inner) for inner in value)
    if not any(isinstance(inner, dict) for inner in value):
        laid.fa.set_flow_style()
    return laid
