"""Reads a settings file completely: every part, every plug-in, every secret; or says what is wrong.

All problems are collected and told at once, each with its line.
"""

import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from ruamel.yaml import YAML

from vedette.app.camera_settings import CameraSettings, ModuleSettings
from vedette.app.check_notify import NotifyCheck
from vedette.app.extra_modules import ModuleEntry
from vedette.app.module_plan import OWN_MODULES
from vedette.app.offers import Offers, model_from_folder
from vedette.app.packs import rules_of_packs
from vedette.app.places import place_of
from vedette.app.policies import violations
from vedette.app.settings import Settings
from vedette.calendar.schedule import Place
from vedette.config.check import Problems, validate
from vedette.config.document import Document
from vedette.config.environment import documents_of
from vedette.config.features import with_features
from vedette.config.layers import layered
from vedette.config.reader import load_yaml
from vedette.config.secrets import Secrets, read_env_file, resolve
from vedette.contracts.errors import InvalidConfig, ModelUnavailable, UnknownPlugin
from vedette.models.catalogue import Catalogue
from vedette.plugins.registry import load, names, secret_fields
from vedette.rules.build import build_rule
from vedette.sources.address import Address
from vedette.zones.config import ZoneMap

Loc = tuple[str | int, ...]

ENVIRONMENTS = ("development", "staging", "production")

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def load_settings(file: Path) -> Settings:
    """The settings of a file, secrets filled in, paths made relative to the file.

    Raises:
        InvalidConfig: one sentence per problem, each with file and line.
    """
    return check_settings(resolve(written(file), secrets_of(file)), file)


def show_settings(file: Path) -> str:
    """The settings with every default filled in, as YAML; secrets stay hidden, also those that
    stand in the file itself.

    Raises:
        InvalidConfig: see `load_settings`.
    """
    document = resolve(written(file), secrets_of(file))
    check_settings(document, file)
    shown = shown_settings(validate(Settings, document))
    sheet = io.StringIO()
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(shown, sheet)
    return sheet.getvalue()


def shown_settings(settings: Settings) -> dict[str, Any]:
    """Settings as plain values, secrets as stars, addresses without user and password."""
    shown = settings.model_dump(mode="python")
    channels = shown["notify"]["channels"]
    shown["notify"]["channels"] = [_hidden("channel", channel) for channel in channels]
    shown["modules"] = [_hidden("module", module) for module in shown["modules"]]
    plain: dict[str, Any] = _plain(shown)
    return plain


def written(file: Path, environment: Mapping[str, str] = os.environ) -> Document:
    """The settings of all layers, with the feature flags of this environment.

    Raises:
        InvalidConfig: see `layers_of`.
    """
    return with_features(layered(layers_of(file, environment)), environment)


def layers_of(file: Path, environment: Mapping[str, str] = os.environ) -> list[Document]:
    """What speaks of the settings, the last one with the last word: the file, the one beside it for
    this environment (`vedette.production.yaml`), `.env` beside it, environment variables.

    Raises:
        InvalidConfig: one of them cannot be read.
    """
    documents = [load_yaml(file)]
    if chosen := environment.get("VEDETTE_ENV", "").lower():
        if chosen not in ENVIRONMENTS:
            raise InvalidConfig(
                f"the environment variable VEDETTE_ENV is {chosen!r}; it is one of: "
                f"{', '.join(ENVIRONMENTS)}"
            )
        beside = file.with_stem(f"{file.stem}.{chosen}")
        documents += [load_yaml(beside)] if beside.is_file() else []
    env_file = file.absolute().parent / ".env"
    documents += documents_of(read_env_file(env_file), origin=f"{env_file}:")
    documents += documents_of(environment, origin="the environment variable")
    return documents


def secrets_of(file: Path) -> Secrets:
    """`$VEDETTE_SECRETS` (a folder), the environment, and `.env` beside the settings."""
    folder = os.environ.get("VEDETTE_SECRETS")
    return Secrets(
        folder=Path(folder) if folder else None,
        environment=os.environ,
        env_file=file.absolute().parent / ".env",
    )


def check_settings(document: Document, file: Path) -> Settings:
    """Settings whose secrets are filled in, checked with those of every plug-in.

    Args:
        file: relative paths are meant from where it lies.

    Raises:
        InvalidConfig: one sentence per problem.
    """
    settings = validate(Settings, document)
    problems = Problems(document)
    check = _PluginCheck(problems, settings, file.absolute().parent)
    check.plugin("bus", ("bus", "adapter"), settings.bus.adapter)
    check.detector(("detector",), settings.detector)
    for name, detector in settings.detectors.items():
        check.detector(("detectors", name), detector)
    for index, camera in enumerate(settings.cameras):
        check.camera(("cameras", index), camera, place_of(camera, settings.sites))
    names_of_modules: set[str] = set(OWN_MODULES)
    for index, module in enumerate(settings.modules):
        check.module(("modules", index), module, names_of_modules)
    NotifyCheck(problems, settings, check.plugin).all()
    problems.raise_if_any()
    for place, sentence in violations(settings):
        problems.add(place, sentence)
    problems.raise_if_any()
    folder = file.absolute().parent
    packs = rules_of_packs(settings, folder, problems)
    problems.raise_if_any()
    cameras = tuple(
        camera.model_copy(
            update={
                "source": _from_folder(camera.source, folder),
                "place": place_of(camera, settings.sites),
                "rules": (*camera.rules, *brought.rules),
            }
        )
        for camera, brought in zip(settings.cameras, packs, strict=True)
    )
    return settings.model_copy(
        update={
            "cameras": cameras,
            "detector": model_from_folder(settings.detector, folder),
            "detectors": {
                name: model_from_folder(detector, folder)
                for name, detector in settings.detectors.items()
            },
        }
    )


class _PluginCheck:
    """Validates the parts that belong to plug-ins, each with its own Config."""

    def __init__(self, problems: Problems, settings: Settings, folder: Path) -> None:
        self._problems = problems
        self._settings = settings
        self._folder = folder
        self._offers = Offers(settings, folder)

    def detector(self, loc: Loc, settings: ModuleSettings) -> None:
        """Check one, and that its model is known."""
        model = model_from_folder(settings, self._folder).get("model")
        if self.plugin("detector", loc, settings) and isinstance(model, str):
            try:
                Catalogue.load().get(model)
            except ModelUnavailable as error:
                self._problems.add((*loc, "model"), str(error))

    def module(self, loc: Loc, settings: ModuleSettings, taken: set[str]) -> None:
        """Check one, and that its name is its own."""
        entry = self._problems.check(ModuleEntry, loc, data=settings)
        if entry is None or not self.plugin("module", loc, {"type": entry.type, **entry.own}):
            return
        if entry.name in taken:
            self._problems.add(loc, f"two modules are called {entry.name!r}; give it another `id`")
        taken.add(entry.name)

    def camera(self, loc: Loc, camera: CameraSettings, where: Place) -> None:
        self.plugin("source", (*loc, "source"), camera.source)
        self.plugin("motion", (*loc, "motion"), camera.motion)
        self.plugin("tracker", (*loc, "tracker"), camera.tracker)
        places = {
            "zones": list(camera.zones),
            "lines": list(camera.lines),
            "ground": camera.ground,
        }
        zones = self._problems.check(ZoneMap, loc, data=places)
        offers = self._offers.of(camera)
        seen: set[str] = set()
        for index, rule in enumerate(camera.rules):
            place = (*loc, "rules", index)
            if not self.plugin("rule", place, rule):
                continue
            if (rule_id := str(rule.get("id"))) in seen:
                self._problems.add((*place, "id"), f"two rules have the id {rule_id!r}")
            seen.add(rule_id)
            if zones is not None:
                with self._problems.at(place):
                    build_rule(rule, zones.zone_ids, zones.line_ids, where, offers)

    def plugin(self, kind: str, loc: Loc, settings: ModuleSettings) -> bool:
        """Check one; True where it is fine."""
        name = settings.get("type")
        if not isinstance(name, str):
            there = ", ".join(sorted(names(kind)))
            self._problems.add(loc, f"the key 'type' is missing; it is one of: {there}")
            return False
        try:
            model = load(kind, name).Config
        except UnknownPlugin as error:
            self._problems.add((*loc, "type"), str(error))
            return False
        plain = {key: value for key, value in settings.items() if key != "type"}
        return self._problems.check(model, loc, data=plain) is not None


def _from_folder(source: ModuleSettings, folder: Path) -> ModuleSettings:
    """A relative path is meant from where the settings file lies."""
    path = source.get("path")
    if source.get("type") not in {"file", "folder"} or not isinstance(path, str):
        return source
    return {**source, "path": str(folder / Path(path).expanduser())}


def _hidden(kind: str, settings: ModuleSettings) -> ModuleSettings:
    """The settings of a plug-in, with what its Config holds to be secret as `SecretStr`."""
    secret = secret_fields(kind, settings["type"])
    return {
        key: SecretStr(str(value)) if key in secret and value is not None else value
        for key, value in settings.items()
    }


def _plain(value: Any) -> Any:
    """Values that YAML can write; secrets as stars, addresses without user and password."""
    if isinstance(value, SecretStr):
        return "**********"
    if isinstance(value, str) and _ADDRESS.match(value):
        return str(Address(value))
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value.value if hasattr(value, "value") else value
