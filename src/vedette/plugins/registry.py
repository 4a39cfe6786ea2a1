"""Turns `{"type": "rtsp", ...}` into a built plug-in, importing only what is used."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, ClassVar, Protocol, get_args

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from vedette.contracts.errors import UnknownPlugin
from vedette.kit.units import normalised
from vedette.plugins.catalogue import BUILTIN, EXTRAS


class PluginConfig(BaseModel):
    """Base of the settings of every plug-in; a typing slip is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _units(cls, data: Any) -> Any:
        return normalised(cls.model_fields, data)


class Plugin(Protocol):
    """What a catalogue line leads to."""

    Config: ClassVar[type[PluginConfig]]


@cache
def names(kind: str) -> Mapping[str, str]:
    """Every installed plug-in of one kind: name to `module:Class`.

    Raises:
        UnknownPlugin: a third party's plug-in has the name of another one.
    """
    found = dict(BUILTIN[kind])
    for point in entry_points(group=f"vedette.{kind}"):
        if point.name in found:
            raise UnknownPlugin(
                f"two {kind} plug-ins are called {point.name!r}: {found[point.name]} and "
                f"{point.value}; uninstall one of them"
            )
        found[point.name] = point.value
    return found


def load(kind: str, name: str) -> Any:
    """The class behind a name.

    Raises:
        UnknownPlugin: no plug-in of this kind has that name (the sentence lists those there are),
            or a package that it needs is not installed.
    """
    known = names(kind)
    if name not in known:
        raise UnknownPlugin(f"no {kind} is called {name!r}; there are: {', '.join(sorted(known))}")
    module, _, attribute = known[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise UnknownPlugin(f"the {kind} {name!r} cannot be used: {_missing(error)}") from error


def _missing(error: ModuleNotFoundError) -> str:
    """What is not installed, and what would help."""
    package = (error.name or "").partition(".")[0]
    if extra := EXTRAS.get(package):
        return f"the package {package} is not installed; `pip install 'vedette[{extra}]'` does that"
    return str(error)


def secret_fields(kind: str, name: str) -> frozenset[str]:
    """Settings of a plug-in that its Config holds to be secret.

    Raises:
        UnknownPlugin: see `load`.
    """
    fields = load(kind, name).Config.model_fields
    return frozenset(
        name
        for name, field in fields.items()
        if SecretStr in (field.annotation, *get_args(field.annotation))
    )


def configure(kind: str, settings: Mapping[str, Any]) -> tuple[Any, PluginConfig]:
    """The class and the validated settings of `{"type": name, ...}`.

    Raises:
        UnknownPlugin: see `load`.
        pydantic.ValidationError: the plug-in's own settings are wrong.
    """
    rest = dict(settings)
    plugin = load(kind, str(rest.pop("type", "")))
    return plugin, plugin.Config.model_validate(rest)


def build(kind: str, settings: Mapping[str, Any], **needs: Any) -> Any:
    """Validate `settings` with the plug-in's own Config, then construct it with its needs."""
    plugin, config = configure(kind, settings)
    return plugin(config, **needs)
