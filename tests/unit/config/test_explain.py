"""What pydantic refuses becomes one sentence per problem, with the line in the file."""

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from vedette.config.check import Problems, validate
from vedette.config.document import Document
from vedette.config.reader import parse_yaml
from vedette.config.secrets import Secrets, resolve
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.event import Severity
from vedette.contracts.payload import Slug
from vedette.plugins.registry import configure, load
from vedette.rules.build import build_rule
from vedette.zones.config import ZoneMap


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Detect(Strict):
    fps: float = Field(default=5.0, gt=0.0, le=60.0)
    labels: tuple[str, ...] = ()
    severity: Severity = Severity.INFO


class Camera(Strict):
    id: Slug
    enabled: bool = True
    detect: Detect | None = None
    password: SecretStr | None = None
    url: str = ""
    names: dict[str, int] = Field(default_factory=dict)


class Home(Strict):
    port: int = 8000
    cameras: tuple[Camera, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids(self) -> "Home":
        ids = [camera.id for camera in self.cameras]
        if len(set(ids)) < len(ids):
            raise ValueError("two cameras have the same id; ids must differ")
        return self


def refused(text: str) -> list[str]:
    with pytest.raises(InvalidConfig) as caught:
        validate(Home, parse_yaml(text.encode(), name="home.yaml"))
    return str(caught.value).splitlines()


HEAD = "port: 1\ncameras:\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            HEAD + "  - id: a\n    enabeld: true\n",
            "home.yaml:4: cameras[0].enabeld: the key 'enabeld' is unknown; "
            "did you mean 'enabled'?",
        ),
        (
            HEAD + "  - id: a\n    detect: {colour: 1}\n",
            "home.yaml:4: cameras[0].detect.colour: the key 'colour' is unknown; "
            "there are: fps, labels, severity",
        ),
        (
            "camras: []\ncameras: [{id: a}]\n",
            "home.yaml:1: camras: the key 'camras' is unknown; did you mean 'cameras'?",
        ),
        ("port: 1\n", "home.yaml:1: cameras: the key 'cameras' is missing"),
        (HEAD + "  - enabled: true\n", "home.yaml:3: cameras[0].id: the key 'id' is missing"),
        (HEAD + "  []\n", "home.yaml:2: cameras: needs at least 1 items, has 0"),
        (
            HEAD + "  - id: ../etc\n",
            "home.yaml:3: cameras[0].id: an id is made of 1 to 64 of the characters a-z 0-9 _ -, "
            "found '../etc'",
        ),
        (
            HEAD + "  - id: 7\n",
            'home.yaml:3: cameras[0].id: expected text such as "yard", found 7',
        ),
        (
            HEAD + "  - id: a\n    enabled: maybe\n",
            "home.yaml:4: cameras[0].enabled: expected true or false, found 'maybe'",
        ),
        (
            "port: eight\ncameras: [{id: a}]\n",
            "home.yaml:1: port: expected a whole number such as 5, found 'eight'",
        ),
        (
            "port: 1.5\ncameras: [{id: a}]\n",
            "home.yaml:1: port: expected a whole number such as 5, found 1.5",
        ),
        (
            "port: [1]\ncameras: [{id: a}]\n",
            "home.yaml:1: port: expected a whole number such as 5, found a list",
        ),
        (
            "port:\ncameras: [{id: a}]\n",
            "home.yaml:1: port: expected a whole number such as 5, found nothing",
        ),
        (
            "cameras: yard\n",
            "home.yaml:1: cameras: expected a list such as [a, b], found 'yard'",
        ),
        (
            "cameras: [yard]\n",
            "home.yaml:1: cameras[0]: expected keys with values such as {key: value}, found 'yard'",
        ),
        (
            HEAD + "  - id: a\n    detect:\n      fps: 0\n",
            "home.yaml:5: cameras[0].detect.fps: must be greater than 0.0, found 0",
        ),
        (
            HEAD + "  - id: a\n    detect:\n      fps: 61\n",
            "home.yaml:5: cameras[0].detect.fps: must be at most 60.0, found 61",
        ),
        (
            HEAD + "  - id: a\n    detect: {severity: criticl}\n",
            "home.yaml:4: cameras[0].detect.severity: expected 'info', 'warning' or 'critical', "
            "found 'criticl'; did you mean 'critical'?",
        ),
        (
            HEAD + "  - id: a\n    names: {one: two}\n",
            "home.yaml:4: cameras[0].names.one: expected a whole number such as 5, found 'two'",
        ),
        (
            HEAD + "  - id: a\n  - id: a\n",
            "home.yaml:1: two cameras have the same id; ids must differ",
        ),
        (
            HEAD + "  - id: a\n    url: [rtsp://u:hunter2@h]\n",
            'home.yaml:4: cameras[0].url: expected text such as "yard", found a list',
        ),
    ],
)
def test_one_problem_is_one_sentence_with_its_line(text: str, sentence: str) -> None:
    assert refused(text) == [sentence]


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    said = refused("cameras:\n  - id: A\n    detect: {fps: x}\n  - iid: b\nport: x\n")

    assert [line.split(": ")[0] for line in said] == [
        "home.yaml:2",
        "home.yaml:3",
        "home.yaml:4",
        "home.yaml:4",
        "home.yaml:5",
    ]


def test_neither_passwords_nor_addresses_are_repeated() -> None:
    said = refused(
        "port: http://admin:hunter2@10.0.0.7/\n"
        "cameras:\n  - id: a\n    password: [hunter2]\n    url: {x: hunter2}\n"
        "    enabled: //u:hunter2@h\n"
    )

    assert "hunter2" not in "\n".join(said)
    assert said[0].endswith("found 'http://***@10.0.0.7/'")


def test_a_text_at_a_place_that_sounds_secret_is_not_shown() -> None:
    class Door(Strict):
        api_key: int

    document = parse_yaml(b"api_key: hunter2\n", name="f")
    with pytest.raises(InvalidConfig, match=r"found a text \(not shown: it may hold a secret\)$"):
        validate(Door, document)


def test_a_resolved_secret_of_the_wrong_kind_is_not_shown() -> None:
    raw = parse_yaml(b"port: {secret: P}\ncameras: [{id: a}]\n", name="f")
    document = resolve(raw, Secrets(environment={"P": "hunter2"}))

    with pytest.raises(InvalidConfig) as caught:
        validate(Home, document)
    assert str(caught.value) == "f:1: port: expected a whole number such as 5, found a secret"


def test_settings_without_a_file_are_explained_without_a_line() -> None:
    document = Document(name="command line", data={"cameras": [{"id": "A"}]})

    with pytest.raises(InvalidConfig, match=r"^command line: cameras\[0\].id: an id is"):
        validate(Home, document)


YARD = """\
cameras:
  - id: yard
    motion: {type: luma, sensitivty: 1}
    zones:
      - id: porch
        polygon: [[0, 0], [1, 0], [1, 1]]
      - id: lawn
        polygon: [[0, 0], [1, 1], [1, 0],
                  [0, 1]]
      - {id: porch, polygon: [[0, 0], [1, 0]]}
    rules:
      - {type: presence, id: p, zone: proch}
      - {type: presense, id: q}
      - {type: loiter, id: r, zone: porch, dwell: 3}
"""


def test_plug_ins_that_are_checked_on_their_own_point_into_the_file() -> None:
    document = parse_yaml(YARD.encode(), name="yard.yaml")
    problems = Problems(document)
    camera = document.data["cameras"][0]
    place = ("cameras", 0)

    problems.check(ZoneMap, place, data={"zones": camera["zones"]})
    for i, settings in enumerate(camera["rules"]):
        model = None if i == 1 else load("rule", settings["type"]).Config
        with problems.at((*place, "rules", i), model=model):
            build_rule(settings, ("porch", "lawn"), ())
    with pytest.raises(InvalidConfig) as caught:
        problems.raise_if_any()

    assert str(caught.value).splitlines() == [
        "yard.yaml:8: cameras[0].zones[1].polygon: the edges cross themselves near (0.500, 0.500);"
        " list the corners in order around the outline",
        "yard.yaml:10: cameras[0].zones[2].polygon: a polygon needs at least 3 different corners, "
        "this one has 2",
        "yard.yaml:12: cameras[0].rules[0]: rule 'p': there is no zone 'proch'; "
        "there are: porch, lawn",
        "yard.yaml:13: cameras[0].rules[1]: no rule is called 'presense'; there are: count, enter, "
        "leave, line_crossing, loiter, presence, when",
        "yard.yaml:14: cameras[0].rules[2].dwell_s: the key 'dwell_s' is missing",
        "yard.yaml:14: cameras[0].rules[2].dwell: the key 'dwell' is unknown; "
        "did you mean 'dwell_s'?",
    ]


def test_a_part_that_is_right_is_handed_back() -> None:
    document = parse_yaml(b"one: {type: detect, fps: 3}\n", name="f")
    problems = Problems(document)

    found = problems.check(Detect, ("one",), without=("type",))

    assert found is not None
    assert found.fps == 3
    problems.raise_if_any()


def test_other_errors_are_not_swallowed() -> None:
    problems = Problems(Document(name="f", data={}))

    with pytest.raises(ZeroDivisionError), problems.at(("a",)):
        raise ZeroDivisionError


def test_duplicate_zone_ids_are_told_at_the_camera() -> None:
    text = "cameras:\n- id: a\n  zones:\n  - &z {id: z, polygon: [[0,0],[1,0],[1,1]]}\n  - *z\n"
    document = parse_yaml(text.encode(), name="f")
    problems = Problems(document)

    problems.check(ZoneMap, ("cameras", 0), data={"zones": document.data["cameras"][0]["zones"]})

    assert problems.found == ["f:2: cameras[0]: two zones have the id 'z'; ids must differ"]


def test_the_registry_validates_what_explain_explains() -> None:
    with pytest.raises(InvalidConfig, match="no rule is called ''"):
        configure("rule", {"id": "r"})
