"""Finding cameras: real multicast on loopback, single addresses by UDP, and over HTTP."""

import os
import socket

import pytest

from tests.servers.black_hole import BlackHole
from tests.servers.onvif_camera import OnvifCamera
from tests.servers.onvif_words import Raw
from tests.servers.web import Heard, Reply, WebServer
from tests.servers.ws_discovery import GROUP, ProbedCamera, matching
from vedette.kit.clock import SystemClock
from vedette.onvif.discovery import MAX_PER_SENDER, Search, discover
from vedette.onvif.knock import knock

URL = "http://127.0.0.1/onvif/device_service"


async def search(port: int, *, hosts: tuple[str, ...] = (), on: str = "lo") -> Search:
    return await discover(
        SystemClock(), wait_s=0.3, hosts=hosts, interfaces=(on,), group=(GROUP, port)
    )


async def test_a_camera_in_the_network_is_found_once() -> None:
    with ProbedCamera(matching(URL, name="Back%20Yard")) as camera:
        result = await search(camera.port)

    (found,) = result.found
    assert (found.name, found.hardware, found.urls) == ("Back Yard", "Eye", (URL,))
    assert found.notes == ()
    assert camera.asked >= 3  # datagrams get lost, so it is asked more than once


async def test_a_camera_that_points_elsewhere_is_found_and_not_believed() -> None:
    with ProbedCamera(matching("http://203.0.113.9/onvif/device_service")) as camera:
        (found,) = (await search(camera.port)).found

    assert found.urls == (URL,)
    assert "203.0.113.9" in found.notes[0]


async def test_floods_and_garbage_are_bounded_and_counted() -> None:
    def flood(about: str) -> list[bytes]:
        real = [matching(URL, endpoint=str(n))(about)[0] for n in range(MAX_PER_SENDER + 4)]
        return [*real, b"\xff" * 60_000, os.urandom(100), b"<a>" * 10_000]

    with ProbedCamera(flood) as camera:
        result = await search(camera.port)

    assert len(result.found) == MAX_PER_SENDER
    assert result.dropped >= 7


async def test_an_address_is_asked_where_multicast_does_not_pass() -> None:
    with ProbedCamera(matching(URL)) as camera:
        nobody = await search(camera.port, on="no-such-interface")
        result = await search(camera.port, hosts=("127.0.0.1",), on="no-such-interface")

    assert nobody.found == []
    assert [found.address for found in result.found] == ["127.0.0.1"]


async def test_an_interface_that_cannot_be_asked_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(99_999, "gone0")])
    result = await discover(SystemClock(), wait_s=0.05)
    assert (result.found, result.silent) == ([], ("gone0",))


async def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    await discover(
        SystemClock(),
        wait_s=0.05,
        interfaces=("none",),
        progress=lambda done, of: seen.append((done, of)),
    )
    assert seen[-1] == (12, 12)


class Router(WebServer):
    """Says what routers say."""

    def answer(self, request: Heard) -> Reply:
        del request
        return Reply(body=b"<html>Welcome</html>")


async def test_cameras_are_found_over_http_without_a_login() -> None:
    with (
        OnvifCamera(user="admin", password="x") as open_one,  # noqa: S106
        OnvifCamera(user="admin", password="x") as shy_one,  # noqa: S106
        Router() as router,
        BlackHole() as hole,
    ):
        shy_one.overrides["GetSystemDateAndTime"] = Raw(status=401)
        seen: list[int] = []
        answers = [
            await knock(
                ["127.0.0.1"], SystemClock(), ports=[9, port], progress=lambda d, _: seen.append(d)
            )
            for port in (open_one.port, shy_one.port, int(router.url.rpartition(":")[2]), hole.port)
        ]

    assert [bool(found) for found in answers] == [True, True, False, False]
    assert answers[0][0].urls == (f"http://127.0.0.1:{open_one.port}/onvif/device_service",)
    assert all("admin" not in body for body in open_one.bodies + shy_one.bodies)
    assert seen == [1, 1, 1, 1]
