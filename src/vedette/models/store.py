"""The folder of installed models: pull, check, find. Works offline once a model is there."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
from pydantic import BaseModel, ConfigDict, ValidationError

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.model import ModelSpec
from vedette.models.convert.table import VERSION, convert, digest
from vedette.models.fetch import Progress, fetch, silent
from vedette.models.install import locked, write_atomically
from vedette.models.source import FileSource, parse_source


class Installed(BaseModel):
    """What the note beside an installed graph says."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    graph: str
    source: str
    sha256: str
    """Of the file as installed."""
    digest: str
    """Of the graph's content."""
    size_bytes: int
    converter: str | None
    converter_version: int
    onnx_version: str


class Int8Note(BaseModel):
    """What the note beside the int8 form of a graph says."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    of: str
    """sha256 of the file that it was made from."""
    sha256: str
    agreement: float
    """F1 of its boxes with those of the model, where it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """An entry of the catalogue and what is installed of it."""

    spec: ModelSpec
    file: Path
    installed: Installed | None
    problem: str | None
    """Why it cannot be used, as a sentence; None where it can."""


def models_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """`$VEDETTE_MODELS`, else the user's cache folder."""
    if chosen := environment.get("VEDETTE_MODELS"):
        return Path(chosen).expanduser()
    cache = environment.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "vedette" / "models"


class ModelStore:
    """Installed graphs: `NAME.onnx` with `NAME.json`, several processes may share the folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or models_folder()

    def path(self, spec: ModelSpec) -> Path:
        """The ONNX file, ready to load.

        Raises:
            ModelUnavailable: it is not installed, or no longer what was installed.
        """
        source = parse_source(spec.source)
        if isinstance(source, FileSource) and spec.converter is None:
            return _own_file(spec, source)
        file = self._file(spec)
        note = self._note(spec)
        if note is None or not file.exists():
            raise ModelUnavailable(
                f"the model {spec.name!r} is not installed; run: vedette models pull {spec.name}"
            )
        again = f"run: vedette models pull {spec.name} --force"
        if _sha256(file) != note.sha256:
            raise ModelUnavailable(f"the installed model {spec.name!r} is damaged; {again}")
        if note.source != spec.source or spec.sha256 not in {None, note.digest}:
            raise ModelUnavailable(
                f"the installed model {spec.name!r} is not the one of this catalogue; {again}"
            )
        return file

    def pull(self, spec: ModelSpec, progress: Progress = silent, *, force: bool = False) -> Path:
        """Install the model unless it is there already; no network is touched then.

        Raises:
            ModelUnavailable: it cannot be fetched, converted or loaded.
            StorageFailed: the folder cannot be written.
        """
        with locked(self.folder / f".{_graph(spec)}.lock"):
            if not force:
                try:
                    return self.path(spec)
                except ModelUnavailable:
                    pass  # what is wrong with it is mended by installing it
            return self._install(spec, progress)

    def _install(self, spec: ModelSpec, progress: Progress) -> Path:
        source = parse_source(spec.source)
        if isinstance(source, FileSource) and spec.converter is None:
            return _own_file(spec, source)
        files = fetch(spec, source, progress)
        progress(0, None, f"converting {spec.name}")
        model = convert(_graph(spec), spec.converter, source.path, files)
        content = digest(model)
        expected = spec.sha256
        if expected is not None and expected not in {content, hashlib.sha256(model).hexdigest()}:
            raise ModelUnavailable(
                f"the graph of {spec.name!r} has the sha256 {content}, the catalogue says "
                f"{expected}; it is not installed"
            )
        note = Installed(
            graph=_graph(spec),
            source=spec.source,
            sha256=hashlib.sha256(model).hexdigest(),
            digest=expected or content,
            size_bytes=len(model),
            converter=spec.converter,
            converter_version=VERSION,
            onnx_version=str(onnx.__version__),
        )
        file = self._file(spec)
        write_atomically(file, model)
        write_atomically(self._note_file(spec), _as_json(note))
        progress(len(model), len(model), f"installed {spec.name}")
        return file

    def int8_path(self, spec: ModelSpec) -> Path:
        """The int8 form of an installed model (`vedette models quantise`).

        Raises:
            ModelUnavailable: there is none, or it was made from another graph.
        """
        file = self._int8_file(spec)
        again = f"run: vedette models quantise {spec.name}"
        try:
            note = Int8Note.model_validate_json(file.with_suffix(".json").read_bytes())
        except (OSError, ValidationError):
            raise ModelUnavailable(f"{spec.name!r} has no int8 form yet; {again}") from None
        if note.of != _sha256(self.path(spec)) or note.sha256 != _sha256(file):
            raise ModelUnavailable(f"the int8 form of {spec.name!r} is not of this model; {again}")
        return file

    def keep_int8(self, spec: ModelSpec, model: bytes, agreement: float) -> Path:
        """Install the int8 form of an installed model.

        Raises:
            ModelUnavailable: the model itself is not installed.
            StorageFailed: the folder cannot be written.
        """
        note = Int8Note(
            of=_sha256(self.path(spec)),
            sha256=hashlib.sha256(model).hexdigest(),
            agreement=agreement,
        )
        file = self._int8_file(spec)
        with locked(self.folder / f".{_graph(spec)}.lock"):
            write_atomically(file, model)
            write_atomically(file.with_suffix(".json"), note.model_dump_json(indent=2).encode())
        return file

    @contextlib.contextmanager
    def trial(self, spec: ModelSpec, model: bytes) -> Iterator[Path]:
        """A file with another form of a model, to be tried; it is gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="vedette-model-") as folder:
            file = Path(folder) / f"{_graph(spec)}.onnx"
            file.write_bytes(model)
            yield file

    def _int8_file(self, spec: ModelSpec) -> Path:
        return self.folder / f"{_graph(spec)}.int8.onnx"

    def info(self, spec: ModelSpec) -> ModelInfo:
        """What is known of a model, installed or not."""
        try:
            file, problem = self.path(spec), None
        except ModelUnavailable as error:
            file, problem = self._file(spec), str(error)
        return ModelInfo(spec=spec, file=file, installed=self._note(spec), problem=problem)

    def installed(self) -> list[Installed]:
        """The notes of all installed graphs, by name."""
        notes = (self._read_note(file) for file in sorted(self.folder.glob("*.json")))
        return [note for note in notes if note is not None]

    def _file(self, spec: ModelSpec) -> Path:
        return self.folder / f"{_graph(spec)}.onnx"

    def _note_file(self, spec: ModelSpec) -> Path:
        return self.folder / f"{_graph(spec)}.json"

    def _note(self, spec: ModelSpec) -> Installed | None:
        return self._read_note(self._note_file(spec))

    @staticmethod
    def _read_note(file: Path) -> Installed | None:
        try:
            return Installed.model_validate_json(file.read_bytes())
        except (OSError, ValidationError):
            return None  # not a whole note: as good as not installed


def _graph(spec: ModelSpec) -> str:
    return spec.graph or spec.name


def _as_json(note: Installed) -> bytes:
    return json.dumps(note.model_dump(), indent=2, sort_keys=True).encode() + b"\n"


def _own_file(spec: ModelSpec, source: FileSource) -> Path:
    """A user's own ONNX file is used where it lies."""
    if not source.file.is_file():
        how_to = f"; {spec.how_to}" if spec.how_to else ""
        raise ModelUnavailable(
            f"the model {spec.name!r} should be at {source.file}: no such file{how_to}"
        )
    if spec.sha256 not in {None, _sha256(source.file)}:
        raise ModelUnavailable(f"{source.file} is not the file that {spec.name!r} was made for")
    return source.file


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelUnavailable(f"the model cannot be read: {error}") from error
