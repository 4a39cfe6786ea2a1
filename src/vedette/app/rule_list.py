"""Which rules count at which camera, and which of a pack do not, with the reason."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vedette.app.load import load_settings, secrets_of, written
from vedette.app.packs import CameraRules, idle_rules, rules_of_packs
from vedette.app.settings import Settings
from vedette.config.check import Problems, validate
from vedette.config.secrets import resolve
from vedette.rules.pack import Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRule:
    """One rule at one camera."""

    camera_id: str
    rule_id: str
    pack: str
    """Empty for the camera's own."""
    kind: str
    """`when`, `presence` ..."""
    severity: str
    complexity: str
    about: str
    missing: str
    """Why it does not count there; empty where it does."""


def list_rules(file: Path) -> list[ListedRule]:
    """Every rule of every camera, those that count first.

    Raises:
        InvalidConfig: the settings, or a pack, are wrong.
    """
    load_settings(file)
    settings, brought = _brought(file)
    found: list[ListedRule] = []
    for camera, packs in zip(settings.cameras, brought, strict=True):
        found += [_listed(camera.id, rule, "") for rule in camera.rules]
        found += [_listed(camera.id, rule, packs.packs[str(rule["id"])]) for rule in packs.rules]
        found += [_absent(camera.id, absent) for absent in packs.absent]
    return found


def idle(file: Path) -> list[Absent]:
    """Rules of packs that count at no camera at all."""
    return list(idle_rules(_brought(file)[1]))


def _brought(file: Path) -> tuple[Settings, tuple[CameraRules, ...]]:
    document = resolve(written(file), secrets_of(file))
    settings = validate(Settings, document)
    return settings, rules_of_packs(settings, file.absolute().parent, Problems(document))


def _listed(camera: str, rule: dict[str, Any], pack: str) -> ListedRule:
    return ListedRule(
        camera_id=camera,
        rule_id=str(rule["id"]),
        pack=pack,
        kind=str(rule["type"]),
        severity=str(rule.get("severity", "info")),
        complexity=str(rule.get("complexity", "")),
        about=str(rule.get("about", "")),
        missing="",
    )


def _absent(camera: str, absent: Absent) -> ListedRule:
    return ListedRule(
        camera_id=camera,
        rule_id=absent.rule,
        pack=absent.pack,
        kind="",
        severity="",
        complexity="",
        about="",
        missing=absent.reason,
    )
