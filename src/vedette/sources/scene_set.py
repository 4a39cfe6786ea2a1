"""The labelled scenes that detection and tracking are judged on: one difficulty each. Pure data."""

from collections.abc import Mapping
from types import MappingProxyType

from vedette.sources.scene import Actor, Colour, Scene

RED, BLUE, GREEN, BLACK = (176, 52, 46), (52, 74, 168), (52, 120, 62), (40, 40, 46)
YELLOW, VIOLET = (206, 176, 60), (112, 52, 128)

Way = tuple[tuple[float, float, float], ...]
"""Waypoints: second, x and y of the centre."""


def somebody(colour: Colour, *way: tuple[float, float, float], tall: float = 0.24) -> Actor:
    """A person of this height, in a jacket of this colour."""
    return Actor(shape="person", size=(tall * 0.26, tall), colour=colour, path=way)


def across(
    colour: Colour, y: float, *, from_s: float, to_s: float, back: bool = False, tall: float = 0.24
) -> Actor:
    """Somebody who crosses the picture, to the right, or `back` to the left."""
    x = (1.08, -0.08) if back else (-0.08, 1.08)
    return somebody(colour, (from_s, x[0], y), (to_s, x[1], y), tall=tall)


STREET = (
    across(RED, 0.55, from_s=1.0, to_s=9.0),
    across(BLUE, 0.66, from_s=2.0, to_s=10.0, back=True, tall=0.26),
    across(GREEN, 0.45, from_s=3.0, to_s=11.0, tall=0.20),
)
"""Three people who walk past one another at some distance."""


def street(**weather: object) -> Scene:
    return Scene.model_validate(
        {"width": 640, "height": 360, "fps": 10, "duration_s": 12.0, "actors": STREET, **weather}
    )


def _scene(*actors: Actor, **more: object) -> Scene:
    return street(**{"actors": actors, **more})


SCENES: Mapping[str, Scene] = MappingProxyType(
    {
        "calm": street(),
        "noise": street(noise=14.0),
        "rain": street(rain=260),
        "shadow": street(shadow=True),
        "light steps": street(light_steps=((4.0, 0.6), (6.5, 1.25), (9.0, 0.85))),
        "night": street(light_steps=((0.0, 0.4),), noise=7.0),
        "crossing": _scene(
            somebody(RED, (1.0, -0.08, 0.55), (5.0, 0.5, 0.57), (9.0, 1.08, 0.55)),
            somebody(BLUE, (1.0, 1.08, 0.58), (5.0, 0.5, 0.58), (9.0, -0.08, 0.58)),
            somebody(GREEN, (2.5, -0.08, 0.63), (6.5, 0.5, 0.62), (11.0, 1.08, 0.63)),
            somebody(YELLOW, (2.5, 1.08, 0.65), (6.5, 0.5, 0.66), (11.0, -0.08, 0.65)),
        ),
        "crossing alike": _scene(
            across(BLACK, 0.56, from_s=1.0, to_s=9.0),
            across(BLACK, 0.60, from_s=1.5, to_s=10.0, back=True),
        ),
        "turning": _scene(
            somebody(
                RED, (1.0, -0.08, 0.57), (5.0, 0.5, 0.57), (5.8, 0.5, 0.57), (10.0, -0.08, 0.57)
            ),
            somebody(
                BLUE, (1.0, 1.08, 0.58), (5.0, 0.5, 0.58), (5.8, 0.5, 0.58), (10.0, 1.08, 0.58)
            ),
        ),
        "occluded": _scene(
            across(RED, 0.55, from_s=1.0, to_s=10.0),
            across(VIOLET, 0.62, from_s=2.0, to_s=11.0, back=True, tall=0.26),
            occluders=((0.30, 0.20, 0.36, 0.95), (0.62, 0.15, 0.68, 0.90)),
        ),
        "standing": _scene(
            somebody(
                BLUE, (0.5, -0.08, 0.6), (3.5, 0.35, 0.6), (13.5, 0.35, 0.6), (18.0, 1.08, 0.6)
            ),
            across(GREEN, 0.45, from_s=15.0, to_s=20.0, back=True, tall=0.2),
            duration_s=20.0,
        ),
        "returning": _scene(
            somebody(RED, (0.5, 0.5, 0.58), (3.5, 1.10, 0.58)),
            somebody(RED, (6.5, 1.10, 0.60), (11.0, 0.3, 0.60)),
            somebody(BLUE, (0.5, 0.45, 0.66), (4.5, -0.10, 0.66)),
            somebody(YELLOW, (7.0, -0.10, 0.66), (11.5, 0.5, 0.66)),
        ),
        "far": _scene(
            across(RED, 0.45, from_s=0.5, to_s=22.0, tall=0.034),
            across(BLACK, 0.52, from_s=1.0, to_s=22.0, back=True, tall=0.038),
            across(YELLOW, 0.48, from_s=2.0, to_s=24.0, tall=0.036),
            width=1280,
            height=720,
        ),
    }
)
"""By name, in the order in which they are shown."""

SAME_PERSON: Mapping[str, Mapping[int, int]] = MappingProxyType({"returning": {2: 1}})
"""By scene: actors (numbered from 1) who are somebody that was there before."""

MOTION: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {"far": MappingProxyType({"type": "luma", "min_area": 0.0001})}
)
"""By scene: settings of motion that differ from the defaults, as for a camera that looks far."""
