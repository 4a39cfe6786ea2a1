"""The models that can be used by name: data in `catalogue.yaml`, and the user's own YAML files."""

from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.model import ModelSpec
from vedette.kit.ids import is_slug
from vedette.models.own import NAMES, own_weights
from vedette.models.store import models_folder

DEFAULT_MODEL = "nanodet-640"
"""The model that is used where none is named; docs/adr/0003 says why this one."""


class Catalogue:
    """Model entries by name."""

    def __init__(self, entries: Mapping[str, ModelSpec]) -> None:
        self._entries = dict(entries)

    @classmethod
    def load(cls, *more: Path) -> "Catalogue":
        """The built-in entries and those of further YAML files (a user's own models).

        Raises:
            ModelUnavailable: a file cannot be read or has a wrong entry; the sentence says where.
        """
        text = resources.files("vedette.models").joinpath("catalogue.yaml").read_text("utf-8")
        entries = {spec.name: spec for spec in _parse(text, "the built-in catalogue", Path())}
        for file in more:
            for spec in _read(file):
                if spec.name in entries:
                    raise ModelUnavailable(f"{file}: the name {spec.name!r} is already taken")
                entries[spec.name] = spec
        return cls(entries)

    def get(self, name: str | None = None) -> ModelSpec:
        """The entry of that name (None: the default model), one of those whose weights the user
        brings (`vedette.models.own`), or the one of a YAML file.

        Raises:
            ModelUnavailable: there is none; the sentence lists those there are.
        """
        name = name or DEFAULT_MODEL
        if name in self._entries:
            return self._entries[name]
        if name.endswith((".yaml", ".yml")):
            specs = list(_read(Path(name)))
            if len(specs) == 1:
                return specs[0]
            raise ModelUnavailable(f"{name}: one model was expected, it has {len(specs)}")
        if (own := own_weights(name, models_folder())) is not None:
            return own
        raise ModelUnavailable(
            f"no model is called {name!r}; there are: {', '.join(sorted(self._entries))}; with "
            f"weights of your own: {', '.join(NAMES)}"
        )

    def __iter__(self) -> Iterator[ModelSpec]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)


def _read(file: Path) -> Iterator[ModelSpec]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"the model description cannot be read: {error}") from error
    return _parse(text, str(file), file.absolute().parent)


def _parse(text: str, where: str, folder: Path) -> Iterator[ModelSpec]:
    try:
        document = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise ModelUnavailable(f"{where} is not YAML: {error}") from error
    entries = document.get("models") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ModelUnavailable(f"{where}: a list `models:` was expected")
    for number, entry in enumerate(entries, start=1):
        yield _entry(entry, f"{where}, model {number}", folder)


def _entry(entry: Any, where: str, folder: Path) -> ModelSpec:
    try:
        spec = ModelSpec.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ModelUnavailable(f"{where}: {place}: {first['msg']}") from error
    for name in (spec.name, spec.graph or spec.name):
        if not is_slug(name):
            raise ModelUnavailable(f"{where}: {name!r} may only have a-z, 0-9, _ and -")
    if spec.source.startswith("file:"):
        file = folder / Path(spec.source.removeprefix("file:").removeprefix("//")).expanduser()
        return spec.model_copy(update={"source": f"file:{file}"})
    return spec
