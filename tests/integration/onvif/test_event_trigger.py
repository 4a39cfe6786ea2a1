"""A camera's own events as a trigger, over real HTTP; also from one that forgets, floods, lies."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.servers.black_hole import BlackHole
from tests.servers.onvif_camera import OnvifCamera
from tests.servers.onvif_words import BOMBS, Raw, envelope, fault, notice_xml
from vedette.kit.clock import SystemClock
from vedette.onvif.config import OnvifConfig
from vedette.onvif.notices import MAX_NOTICES
from vedette.onvif.trigger import REFUSED_S, OnvifTrigger

MOTION = "tns1:VideoSource/MotionAlarm"
PERSON = "tns1:RuleEngine/MyRuleDetector/PeopleDetect"
LINE = "tns1:RuleEngine/LineDetector/Crossed"


class HurriedClock(SystemClock):
    """Pauses are noted, and short."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(min(seconds, 0.02))


class Told:
    """What a trigger told."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, bool]] = []
        self.times: list[int] = []
        self._news = threading.Condition()

    def __call__(self, name: str, at_us: int, *, active: bool) -> None:
        with self._news:
            self.changes.append((name, active))
            self.times.append(at_us)
            self._news.notify_all()

    def expect(self, *changes: tuple[str, bool], within_s: float = 8.0) -> None:
        """Wait until just this was told since the last time."""
        with self._news:
            self._news.wait_for(lambda: len(self.changes) >= len(changes), timeout=within_s)
            assert self.changes == list(changes)
            self.changes.clear()


@contextmanager
def triggering(
    camera: OnvifCamera,
    told: Callable[..., None],
    *,
    url: str = "",
    clock: SystemClock | None = None,
    connected: bool = True,
) -> Iterator[OnvifTrigger]:
    trigger = OnvifTrigger(
        OnvifConfig(url=url or camera.url),
        camera_id="yard",
        clock=clock or SystemClock(),
        on_change=told,
    )
    trigger.start()
    try:
        if connected:
            until(lambda: trigger.stats.connected and camera.subscribers == 1)
        yield trigger
    finally:
        assert trigger.stop()


def until(condition: Callable[[], bool], within_s: float = 8.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def test_what_begins_and_ends_is_told_at_once() -> None:
    told = Told()
    with OnvifCamera(user="admin", password="p@ss") as camera:  # noqa: S106
        url = camera.url_as("admin", "p%40ss")
        with triggering(camera, told, url=url) as trigger:
            began = time.time()
            camera.emit(MOTION, "State=true", operation="Changed")
            told.expect(("motion", True))
            assert abs(told.times[0] / 1e6 - began) < 1.0
            camera.emit(PERSON, "State=true", operation="Changed")
            told.expect(("person", True))
            camera.emit("tns1:Monitoring/ProcessorUsage", "Value=9", operation="Changed")
            camera.emit(MOTION, "State=false", operation="Changed")
            told.expect(("motion", False))
        told.expect(("person", False))  # at the end, nothing is left open
        assert camera.subscribers == 0
    assert (trigger.stats.notices, trigger.stats.unknown, trigger.stats.changes) == (3, 1, 4)


def test_what_goes_on_already_is_told_at_the_start() -> None:
    told = Told()
    with OnvifCamera() as camera:
        camera.emit(MOTION, "State=true", operation="Changed")
        camera.emit(PERSON, "State=false", operation="Changed")
        with triggering(camera, told):
            told.expect(("motion", True))


def test_what_has_no_end_of_its_own_is_over_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.onvif.board.MOMENT_S", 0.5)
    told = Told()
    with OnvifCamera() as camera, triggering(camera, told):
        camera.emit(LINE, "ObjectId=1")
        told.expect(("line", True))
        told.expect(("line", False), within_s=4.0)


def test_a_forgotten_subscription_is_made_again() -> None:
    told, clock = Told(), HurriedClock()
    with OnvifCamera() as camera, triggering(camera, told, clock=clock) as trigger:
        camera.emit(MOTION, "State=true", operation="Changed")
        told.expect(("motion", True))
        camera.forget()
        told.expect(("motion", False), ("motion", True))  # its state is told to new subscribers
    assert trigger.stats.reconnects == 1


def test_a_camera_that_reboots_is_waited_for() -> None:
    told, clock = Told(), HurriedClock()
    with OnvifCamera() as camera, triggering(camera, told, clock=clock) as trigger:
        camera.emit(MOTION, "State=true", operation="Changed")
        told.expect(("motion", True))
        with camera.rebooting():
            told.expect(("motion", False))
            assert not trigger.stats.connected
            assert f"127.0.0.1:{camera.port}" in trigger.stats.detail
            camera.state.clear()
        until(lambda: trigger.stats.connected and camera.subscribers == 1)
        camera.emit(PERSON, "State=true", operation="Changed")
        told.expect(("person", True))


def test_a_subscription_is_renewed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.onvif.events.LEASE_S", 2)
    monkeypatch.setattr("vedette.onvif.trigger.WAIT_S", 1.0)
    told = Told()
    with OnvifCamera() as camera, triggering(camera, told) as trigger:
        until(lambda: camera.heard.count("Renew") >= 2)
        camera.emit(MOTION, "State=true", operation="Changed")
        told.expect(("motion", True))
        assert trigger.stats.reconnects == 0
        assert camera.heard.count("CreatePullPointSubscription") == 1


def test_a_camera_that_renews_nothing_is_subscribed_to_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vedette.onvif.events.LEASE_S", 2)
    monkeypatch.setattr("vedette.onvif.trigger.WAIT_S", 1.0)
    told = Told()
    with OnvifCamera(renews=False) as camera, triggering(camera, told) as trigger:
        until(lambda: camera.heard.count("CreatePullPointSubscription") >= 2)
        assert trigger.stats.reconnects == 0
        assert camera.heard.count("Unsubscribe") >= 1


def test_a_camera_that_takes_no_wish_about_time_is_subscribed_to() -> None:
    told = Told()
    with OnvifCamera() as camera:
        plain = camera.answer

        def picky(path: str, headers: dict[str, str], body: bytes) -> Raw:
            if b"InitialTerminationTime" in body:
                return fault("wsrf-rw:UnacceptableInitialTerminationTimeFault", "no")
            return plain(path, headers, body)

        camera.answer = picky  # type: ignore[method-assign]
        with triggering(camera, told):
            camera.emit(MOTION, "State=true", operation="Changed")
            told.expect(("motion", True))


def test_a_wrong_password_is_not_tried_until_the_camera_locks_the_user_out() -> None:
    clock = HurriedClock()
    with OnvifCamera(user="admin", password="right") as camera:  # noqa: S106
        url = camera.url_as("admin", "wr0ng")
        with triggering(camera, Told(), url=url, clock=clock, connected=False) as trigger:
            until(lambda: bool(clock.waits))
            assert clock.waits[0] >= REFUSED_S
            assert "refused the user name or password" in trigger.stats.detail
            assert "wr0ng" not in trigger.stats.detail
            assert len([action for action in camera.heard if action == "GetServices"]) == 1


def test_a_camera_without_events_is_asked_ever_more_rarely() -> None:
    clock = HurriedClock()
    with (
        OnvifCamera(events=False) as camera,
        triggering(camera, Told(), clock=clock, connected=False) as trigger,
    ):
        until(lambda: len(clock.waits) >= 9)
        assert clock.waits[0] <= 2.0
        assert clock.waits[8] > 30.0
        assert "gate.triggers" in trigger.stats.detail


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(Raw(body=BOMBS), id="entity-bomb"),
        pytest.param(Raw(body=b"x" * 10_000_000), id="ten-megabytes"),
        pytest.param(Raw(body=envelope("<a>" * 5000)), id="deep"),
        pytest.param(Raw(body=envelope("<a/>" * 50_000)), id="wide"),
        pytest.param(Raw(body=b"<Envelope xmlns='urn:odd'><Body/></Envelope>"), id="odd-spaces"),
        pytest.param(Raw(body=b"\xff\xfe\x00garbage"), id="garbage"),
        pytest.param(Raw(status=500, body=b""), id="empty-error"),
        pytest.param(Raw(body=envelope(notice_xml("", ""))), id="notice-about-nothing"),
    ],
)
def test_harm_in_the_middle_is_survived(harm: Raw) -> None:
    told, clock = Told(), HurriedClock()
    with OnvifCamera() as camera, triggering(camera, told, clock=clock):
        camera.emit(MOTION, "State=true", operation="Changed")
        told.expect(("motion", True))
        camera.overrides["PullMessages"] = harm
        camera.forget()
        heard = len(camera.heard)
        until(lambda: len(camera.heard) > heard + 8)
        del camera.overrides["PullMessages"]
        camera.state.clear()
        until(lambda: camera.subscribers == 1)
        told.changes.clear()
        until(lambda: camera.heard[-1] == "PullMessages")
        camera.emit(PERSON, "State=true", operation="Changed")
        until(lambda: ("person", True) in told.changes)


def test_a_camera_that_floods_is_asked_a_few_times_a_second() -> None:
    many = notice_xml(MOTION, "State=true", operation="Changed") * (MAX_NOTICES + 40)
    told = Told()
    with OnvifCamera() as camera:
        camera.overrides["PullMessages"] = Raw(body=envelope(many))
        with triggering(camera, told) as trigger:
            until(lambda: "PullMessages" in camera.heard)
            before, began = camera.heard.count("PullMessages"), time.monotonic()
            time.sleep(1.2)
            asked = camera.heard.count("PullMessages") - before
            assert asked <= (time.monotonic() - began) * 5 + 1
        assert trigger.stats.dropped >= 40
        assert told.changes == [("motion", True), ("motion", False)]


def test_a_camera_that_never_answers_does_not_keep_us_from_stopping() -> None:
    with BlackHole() as hole:
        trigger = OnvifTrigger(
            OnvifConfig(url=f"http://127.0.0.1:{hole.port}/onvif/device_service"),
            camera_id="yard",
            clock=SystemClock(),
            on_change=Told(),
        )
        trigger.start()
        until(lambda: hole.connections == 1)
        began = time.monotonic()
        assert trigger.stop()
        assert time.monotonic() - began < 2.0


def test_a_trigger_that_never_began_stops() -> None:
    with OnvifCamera() as camera:
        trigger = OnvifTrigger(
            OnvifConfig(url=camera.url), camera_id="yard", clock=SystemClock(), on_change=Told()
        )
        assert trigger.stop()
