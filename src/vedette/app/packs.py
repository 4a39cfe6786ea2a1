"""Reads the packs of rules that are in force, and gives each camera those that count there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from vedette.app.camera_settings import CameraSettings
from vedette.app.offers import Offers
from vedette.app.places import place_of
from vedette.app.settings import Settings
from vedette.config.check import Problems, validate
from vedette.config.reader import load_yaml
from vedette.contracts.errors import InvalidConfig, UnknownPlugin
from vedette.plugins.registry import load, names
from vedette.rules.pack import (
    OWN,
    Absent,
    Pack,
    PackFile,
    PackUse,
    Scenery,
    at_camera,
    check_rule,
    typed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRules:
    """What packs bring to a camera."""

    camera_id: str
    rules: tuple[dict[str, Any], ...]
    packs: Mapping[str, str]
    """By the id of a rule: the pack that it is from."""
    absent: tuple[Absent, ...]


def shipped() -> Mapping[str, Path]:
    """Packs that come with Vedette, by name."""
    folder = Path(str(resources.files("vedette.rules"))) / "packs"
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def pack_files(settings: Settings, folder: Path) -> list[Path]:
    """The files of the packs in force.

    Args:
        folder: paths are meant from here.
    """
    return [_file(use, folder) for use in settings.packs]


def read_pack(file: Path) -> Pack:
    """Read and check one.

    Raises:
        InvalidConfig: one sentence per problem, each with file and line.
    """
    document = load_yaml(file)
    head = validate(PackFile, document)
    problems = Problems(document)
    seen: set[str] = set()
    rules = [typed(rule) for rule in head.rules]
    for index, rule in enumerate(rules):
        loc = ("rules", index)
        model = None
        if isinstance(kind := rule["type"], str) and kind in names("rule"):
            model = load("rule", kind).Config
        with problems.at(loc, model=model):
            try:
                check_rule(rule)
            except UnknownPlugin as error:
                problems.add((*loc, "type"), str(error))
        if (rule_id := str(rule.get("id"))) in seen:
            problems.add((*loc, "id"), f"two rules have the id {rule_id!r}")
        seen.add(rule_id)
    problems.raise_if_any()
    return Pack(name=file.stem, about=head.about, rules=tuple(rules))


def rules_of_packs(settings: Settings, folder: Path, problems: Problems) -> tuple[CameraRules, ...]:
    """What the packs in force bring to each camera, in the order of the cameras.

    Args:
        folder: paths of packs and models are meant from here.
        problems: is told what is wrong with a pack, or with how it is used.
    """
    read: list[tuple[PackUse, Pack]] = []
    known = {camera.id for camera in settings.cameras}
    for index, use in enumerate(settings.packs):
        with problems.at(("packs", index)):
            file = _file(use, folder)
            try:
                pack = read_pack(file)
            except InvalidConfig as error:
                problems.found += str(error).splitlines()  # they say where in the pack it is
                continue
            _demand(use, pack, known)
            read.append((use, pack))
    found: list[CameraRules] = []
    offers = Offers(settings, folder)
    for camera in settings.cameras:
        with problems.at(("packs",)):
            found.append(_at(camera, settings, offers, read))
    return tuple(found)


def _at(
    camera: CameraSettings,
    settings: Settings,
    offers: Offers,
    read: Sequence[tuple[PackUse, Pack]],
) -> CameraRules:
    scenery = Scenery(
        zones=[str(zone["id"]) for zone in camera.zones],
        lines=[str(line["id"]) for line in camera.lines],
        offers=offers.of(camera),
        labels=offers.labels(camera),
        place=place_of(camera, settings.sites),
        own={str(rule.get("id")) for rule in camera.rules},
    )
    rules: list[dict[str, Any]] = []
    absent: list[Absent] = []
    packs: dict[str, str] = {}
    for use, pack in read:
        if use.cameras and camera.id not in use.cameras:
            continue
        here, missing = at_camera(pack, use, scenery)
        absent += missing
        for rule in here:
            rule_id = str(rule["id"])
            if rule_id in packs:
                raise InvalidConfig(
                    f"camera {camera.id!r}: the packs {packs[rule_id]!r} and {pack.name!r} both "
                    f"have a rule {rule_id!r}; leave one out with `without`"
                )
            packs[rule_id] = pack.name
            rules.append(rule)
    return CameraRules(camera_id=camera.id, rules=tuple(rules), packs=packs, absent=tuple(absent))


def idle_rules(found: Sequence[CameraRules]) -> Iterator[Absent]:
    """Rules that count at no camera, with the reason of the first one that lacks something."""
    counting = {(pack, rule) for one in found for rule, pack in one.packs.items()}
    told: set[tuple[str, str]] = set()
    for one in found:
        for absent in one.absent:
            name = (absent.pack, absent.rule)
            if absent.reason != OWN and name not in counting and name not in told:
                told.add(name)
                yield absent


def _file(use: PackUse, folder: Path) -> Path:
    """A name means one that comes with Vedette; what looks like a path is one."""
    if (file := shipped().get(use.pack)) is not None:
        return file
    if "/" in use.pack or use.pack.endswith((".yaml", ".yml")):
        return folder / Path(use.pack).expanduser()
    raise InvalidConfig(
        f"no pack is called {use.pack!r}; there are: {', '.join(shipped())}; a pack of your own is "
        "a path, like './mine.yaml'"
    )


def _demand(use: PackUse, pack: Pack, cameras: set[str]) -> None:
    """
    Raises:
        InvalidConfig: the settings speak of rules or cameras that there are not.
    """
    rules = [str(rule["id"]) for rule in pack.rules]
    for name in (*use.only, *use.without):
        if name not in rules:
            raise InvalidConfig(
                f"the pack {pack.name!r} has no rule {name!r}; there are: {', '.join(rules)}"
            )
    for name in use.cameras:
        if name not in cameras:
            raise InvalidConfig(
                f"no camera is called {name!r}; there are: {', '.join(sorted(cameras))}"
            )
