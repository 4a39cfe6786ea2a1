"""Every built-in tracker keeps the tracker's contract."""

from vedette.plugins.catalogue import BUILTIN
from vedette.plugins.registry import build
from vedette.testing.tracker_contract import TrackerContract
from vedette.track.port import Tracker


class TestByteTracker(TrackerContract):
    def make(self) -> Tracker:
        tracker: Tracker = build("tracker", {"type": "byte"})
        return tracker


def test_every_tracker_of_the_catalogue_is_here() -> None:
    assert set(BUILTIN["tracker"]) == {"byte"}
