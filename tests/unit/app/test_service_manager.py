"""systemd is told what it waits for, over its own kind of socket."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from vedette.app.service_manager import ServiceManager
from vedette.contracts.health import HealthLevel, HealthSummary
from vedette.kit.clock import SystemClock
from vedette.testing.fakes import FakeClock


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(5.0)
        yield ear


def environment(ear: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": ear.getsockname(), **more}


async def test_it_says_when_it_is_ready_and_when_it_stops(systemd: socket.socket) -> None:
    manager = ServiceManager(FakeClock(), environment(systemd))
    amiss = HealthSummary(at=FakeClock().now(), level=HealthLevel.DEGRADED, ready=True, modules=())

    manager.ready("http://127.0.0.1:8321")
    await manager.report(amiss)
    manager.stopping()

    said = [systemd.recv(4096).decode() for _ in range(3)]
    assert said == [
        "READY=1\nSTATUS=watching; http://127.0.0.1:8321",
        "STATUS=degraded",
        "STOPPING=1\nSTATUS=closing open events and clips",
    ]
    assert manager.watchdog_s is None


async def test_signs_of_life_come_twice_as_often_as_they_must(systemd: socket.socket) -> None:
    own = environment(systemd, WATCHDOG_USEC="100000", WATCHDOG_PID=str(os.getpid()))
    manager = ServiceManager(SystemClock(), own)
    beating = asyncio.create_task(manager.run())

    said = [await asyncio.to_thread(systemd.recv, 4096) for _ in range(3)]
    beating.cancel()

    assert said == [b"WATCHDOG=1"] * 3
    assert manager.watchdog_s == 0.1


def test_a_watchdog_of_another_process_is_not_ours(systemd: socket.socket) -> None:
    other = environment(systemd, WATCHDOG_USEC="100000", WATCHDOG_PID="1")

    assert ServiceManager(FakeClock(), other).watchdog_s is None


def test_a_name_without_a_file_is_understood(tmp_path: Path) -> None:
    name = f"vedette-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name}")
        ear.settimeout(5.0)
        ServiceManager(FakeClock(), {"NOTIFY_SOCKET": f"@{name}"}).stopping()

        assert ear.recv(4096).startswith(b"STOPPING=1")


def test_nobody_listens_and_nothing_happens(tmp_path: Path) -> None:
    silent = ServiceManager(FakeClock(), {})
    gone = ServiceManager(FakeClock(), {"NOTIFY_SOCKET": str(tmp_path / "nobody")})

    silent.ready("here")
    gone.ready("here")

    assert not silent.listens
