"""Workers that crash, hang, hoard or cannot begin; cameras that come and go. Real processes."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.ward import Ward, slowness
from vedette.contracts.errors import InvalidConfig
from vedette.services.worker_life import WorkerLimits
from vedette.testing.fakes import until

WITHIN_S = 5.0
"""From the fault until the worker's cameras deliver again, on a machine that is not busy."""

FPS = 10


@pytest.fixture(autouse=True)
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the deadly source as they find any plug-in: by its entry point."""
    info = tmp_path / "plugins" / "deadly-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vedette.source]\ndeadly = deadly:DeadlySource\n")
    (tmp_path / "plugins" / "deadly.py").write_text(
        Path(__file__).with_name("deadly.py").read_text()
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plugins"))


def good(street: Path) -> dict[str, Any]:
    return {
        "source": {"type": "file", "path": str(street), "pace": "realtime", "loop": True},
        "detect": {"fps": 10},
        "rules": [{"id": "visitor", "type": "presence", "labels": ["person"], "for_s": 0.2}],
    }


def deadly(street: Path, harm: str, **more: Any) -> dict[str, Any]:
    return {"source": {"type": "deadly", "path": str(street), "harm": harm, **more}}


@pytest.mark.alone
@pytest.mark.timeout(150)
@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("hang_with_the_lock", "it has not given a sign of life"),
        ("hang", "the loop of a camera hangs: sick for"),
    ],
)
async def test_a_worker_that_hangs_in_native_code_is_replaced_and_says_where(
    harm: str, found: str, tmp_path: Path, street: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    once = tmp_path / "harm was done"
    cameras = {
        "sick": deadly(street, harm, after=80, unless=str(once)),
        "well": good(street),
    }
    slow = slowness()
    async with Ward(tmp_path, cameras, [["sick"], ["well"]]).open() as ward:
        await ward.delivers("sick", "well")
        await ward.has_spare()
        pid = ward.life("well").process.pid
        await until(once.exists, within_s=60)
        began, seen, seen_s = time.monotonic(), ward.packets["well"], ward.told_s["well"]
        await until(lambda: bool(ward.gone), within_s=60)
        await ward.is_back("sick")
        took_s = time.monotonic() - began
        await ward.delivers("sick")
        rate = (ward.packets["well"] - seen) / (ward.told_s["well"] - seen_s)
        assert ward.life("well").process.pid == pid

    assert ward.gone[0][0] == "w1"
    assert ward.gone[0][1].startswith(found)
    assert "deadly.py" in capfd.readouterr().err, "the log does not show where it hung"
    slow = max(slow, slowness())
    assert took_s < WITHIN_S * slow, f"replaced after {took_s:.1f} s"
    assert rate >= 0.9 * FPS / slow, f"the other camera gave {rate:.1f} frames a second meanwhile"


@pytest.mark.timeout(200)
async def test_a_camera_that_kills_its_worker_is_set_apart_and_the_others_go_on(
    tmp_path: Path, street: Path
) -> None:
    cameras = {name: good(street) for name in ("a", "b", "c")}
    cameras["killer"] = deadly(street, "crash", after=5)
    ward = Ward(tmp_path, cameras, [["a", "killer", "b", "c"]])
    async with ward.open():
        await until(lambda: ward.seat("killer").cameras == ["killer"], within_s=90)
        await ward.delivers("a", "b", "c")
        calm = {name: ward.seat(name).restarts for name in ("a", "b", "c")}
        restarts = ward.seat("killer").restarts
        await until(lambda: ward.seat("killer").restarts > restarts, within_s=60)
        assert {name: ward.seat(name).restarts for name in ("a", "b", "c")} == calm
        assert "SIGSEGV" in ward.seat("killer").detail


@pytest.mark.timeout(100)
async def test_a_worker_that_hoards_memory_is_replaced_in_order(
    tmp_path: Path, street: Path
) -> None:
    cameras = {"greedy": deadly(street, "hoard", after=5)}
    limits = WorkerLimits(memory_bytes=900 * 2**20, spare=False)
    async with Ward(tmp_path, cameras, [["greedy"]], limits).open() as ward:
        await until(lambda: bool(ward.left), within_s=80)

    assert ward.gone[0] == ("w1", "it uses too much memory")
    assert ward.left[0].process.orderly, ward.left[0].process.how


@pytest.mark.timeout(100)
async def test_a_camera_whose_loop_hangs_is_named_and_its_worker_replaced(
    tmp_path: Path, street: Path
) -> None:
    once = tmp_path / "harm was done"
    cameras = {"frozen": deadly(street, "hang", unless=str(once)), "well": good(street)}
    ward = Ward(tmp_path, cameras, [["frozen", "well"]])
    async with ward.open():
        await until(lambda: bool(ward.gone), within_s=60)
        await ward.delivers("frozen", "well")

    assert ward.gone[0][1].startswith("the loop of a camera hangs: frozen for")


@pytest.mark.timeout(100)
async def test_cameras_come_and_go_and_the_others_do_not_notice(
    tmp_path: Path, street: Path
) -> None:
    cameras = {"yard": good(street), "door": good(street)}
    async with Ward(tmp_path, cameras, [["yard"]], WorkerLimits(spare=False)).open() as ward:
        await ward.delivers("yard")
        pid = ward.life("yard").process.pid
        ward.pool.put("door")
        await ward.delivers("door")
        ward.cameras["door"] = {**good(street), "rules": []}
        ward.versions["door"] += 1
        before = ward.packets["yard"]
        ward.pool.put("door")
        await until(lambda: bool(ward.events_of("yard")), within_s=30)
        ward.pool.drop("door")
        await until(lambda: ward.packets["yard"] > before + 10, within_s=30)
        assert ward.life("yard").process.pid == pid
        assert ward.pool.seat_of("door") is None
        assert ward.gone == []


@pytest.mark.timeout(60)
async def test_settings_with_which_no_worker_can_begin_end_the_product(
    tmp_path: Path, street: Path
) -> None:
    cameras = {"yard": {**good(street), "detect": {"labels": ["unicorn"]}}}
    ward = Ward(tmp_path, cameras, [["yard"]], WorkerLimits(spare=False))
    with pytest.raises(ExceptionGroup) as caught:
        await ward.pool.run()

    (error,) = leaves(caught.value)
    assert isinstance(error, InvalidConfig)
    assert "unicorn" in str(error)


def leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in leaves(each)]
    return [error]


@pytest.mark.timeout(100)
async def test_an_orderly_end_takes_what_every_worker_says(tmp_path: Path, street: Path) -> None:
    cameras = {name: good(street) for name in ("a", "b", "c")}
    ward = Ward(tmp_path, cameras, [["a", "b"], ["c"]])
    async with ward.open():
        await until(lambda: all(ward.events_of(name) for name in cameras), within_s=60)
    last = {each.event.id: each.event for name in cameras for each in ward.events_of(name)}

    assert {event.state.value for event in last.values()} == {"closed"}
    assert all(life.process.orderly for life in ward.left if life.cameras)
    assert all(life.process.ended for life in ward.left)


@pytest.mark.timeout(100)
async def test_a_worker_whose_control_process_is_gone_ends_by_itself(
    tmp_path: Path, street: Path
) -> None:
    async with Ward(tmp_path, {"a": good(street)}, [["a"]]).open() as ward:
        await ward.delivers("a")
        life = ward.life("a")
        os.kill(life.process.pid, signal.SIGTERM)
        await until(lambda: bool(ward.gone), within_s=30)
        await ward.delivers("a")
    assert ward.left[0].process.orderly
    assert ward.gone == [("w1", "it ended")]
