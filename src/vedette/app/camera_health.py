"""How the cameras are, and what they need: one health of many parts."""

from collections.abc import Mapping, Sequence

from vedette.contracts.facts import CameraState
from vedette.contracts.health import Health, HealthLevel, PartHealth, worst
from vedette.pipeline.stats import CameraStats

LEVELS = {
    CameraState.FAILED: HealthLevel.UNHEALTHY,
    CameraState.LOST: HealthLevel.DEGRADED,
    CameraState.RETRYING: HealthLevel.DEGRADED,
    CameraState.DEGRADED: HealthLevel.DEGRADED,
}
"""A source that can never be used makes the product unready. A camera that is away only degrades
it: a restart does not bring the camera back, and the others must go on."""

WORDS = {HealthLevel.UNHEALTHY: "cannot be used", HealthLevel.DEGRADED: "away"}


def camera_health(stats: Mapping[str, CameraStats], others: Sequence[PartHealth]) -> Health:
    """The cameras, with what they run in and look through.

    Args:
        others: workers, loops, detectors.
    """
    cameras = {name: LEVELS.get(each.state, HealthLevel.HEALTHY) for name, each in stats.items()}
    sentences = [
        f"{word}: {', '.join(name for name, found in cameras.items() if found is level)}"
        for level, word in WORDS.items()
        if level in cameras.values()
    ]
    sentences += [
        f"{part.name}: {part.detail}" for part in others if part.level is not HealthLevel.HEALTHY
    ]
    parts = [
        PartHealth(name=f"camera {name}", level=level, detail=stats[name].detail)
        for name, level in cameras.items()
    ]
    return Health(
        level=worst([*cameras.values(), *(part.level for part in others)]),
        detail="; ".join(sentences),
        parts=(*others, *parts),
    )


def loop_health(stuck: Mapping[str, float]) -> PartHealth:
    """Unhealthy where the loop of a camera hangs: who watches over us should start us again."""
    names = ", ".join(f"{name} for {spent_s:.0f} s" for name, spent_s in stuck.items())
    level = HealthLevel.UNHEALTHY if stuck else HealthLevel.HEALTHY
    return PartHealth(name="camera loops", level=level, detail=f"stuck: {names}" if stuck else "")


def detector_health(problem: str) -> PartHealth:
    """Degraded, not unhealthy: recordings and pictures go on without a detector."""
    level = HealthLevel.DEGRADED if problem else HealthLevel.HEALTHY
    return PartHealth(name="detector", level=level, detail=problem)
