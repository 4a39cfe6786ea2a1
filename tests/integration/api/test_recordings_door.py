"""Recordings over HTTP: the timeline, films exact to the picture, live video, and its page."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from tests.integration.api.conftest import HERE, event_of, modules_of, report
from tests.servers.av_packets import Footage, footage, numbers_of
from tests.unit.recording.studio import Studio
from vedette.api.context import ApiContext, CameraCard
from vedette.api.recordings import Seats
from vedette.api.server import create_app
from vedette.blobs.local import LocalBlobs
from vedette.contracts.sink import GapCause
from vedette.kit.clock import from_us, to_us
from vedette.media.live import LiveStream
from vedette.services.playback import Player
from vedette.store.places import Camera, Site
from vedette.store.recordings import Gap
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock, until
from vedette.testing.store_samples import NOON

ZERO = to_us(NOON)
S = 1_000_000
FOREIGN = SiteScope("away")


def at(seconds: float) -> str:
    return from_us(ZERO + round(seconds * S)).isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="module")
def film() -> Footage:
    """Six seconds with sound, ten pictures a second, a keyframe each second, from noon on."""
    return footage(seconds=6.0, sound="aac", start_us=ZERO)


@pytest.fixture
async def door(tmp_path: Path, film: Footage) -> AsyncIterator[SimpleNamespace]:
    """`client`, `stream` (of the camera `yard`), `store`; `shop` belongs to another site."""
    clock = FakeClock(NOON)
    clock.advance(60.0)
    store = await Store.open(tmp_path / "v.db", clock)
    everywhere = SiteScope(["home", "away"])
    async with store.write() as unit:
        await unit.sites(everywhere).save(
            [Site(id="home", name="Home"), Site(id="away", name="Away")]
        )
        await unit.cameras(everywhere).save(
            [
                Camera(id="yard", site_id="home", name="Yard"),
                Camera(id="shop", site_id="away", name="Shop"),
            ]
        )
    studio = Studio(tmp_path / "recordings", segment_s=2.0)
    studio.play(film)
    studio.desk.close()
    async with store.write() as unit:
        for row in studio.sink.segments:
            await unit.segments(HERE).add(row, site_id="home", now=unit.now)
        gap = Gap(
            site_id="home",
            camera_id="yard",
            began_at=from_us(ZERO + 6 * S),
            ended_at=None,
            cause=GapCause.CAMERA_LOST,
            detail="no route to host",
        )
        await unit.gaps(HERE).save(gap, now=unit.now)
        event = event_of(1).model_copy(update={"started_at": from_us(ZERO + 3 * S)})
        await unit.events(HERE).save(event, now=unit.now)
    stream = LiveStream("yard")
    modules, _ = await modules_of(clock)
    context = ApiContext(
        store=store,
        scope=HERE,
        artifact_path=tmp_path.joinpath,
        pictures={},
        cameras=lambda: [
            CameraCard(id="yard", name="Yard", state="online", detail="", fps=5.0),
            CameraCard(id="gate", name="Gate", state="online", detail="", fps=5.0),
        ],
        modules=modules,
        metrics=lambda: b"",
        report=report,
        clock=clock,
        stopping=lambda: False,
        films=Player(store, LocalBlobs(tmp_path / "recordings"), most_s=3600.0),
        streams=lambda: {"yard": stream},
    )
    app = create_app(context)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield SimpleNamespace(
            client=client, stream=stream, store=store, app=app, event=event, studio=studio
        )
    await modules.stop()
    await store.close()


async def test_the_timeline_says_what_is_recorded_and_why_not(door: SimpleNamespace) -> None:
    answer = await door.client.get(
        "/api/v1/cameras/yard/timeline", params={"from": at(-10), "to": at(100)}
    )

    told = answer.json()
    assert answer.status_code == 200
    assert [(s["began_at"], s["ended_at"], s["cause"], s["lasts"]) for s in told["spans"]] == [
        (at(0), at(6), None, False),
        (at(6), at(60), "camera_lost", True),
    ]
    assert told["spans"][1]["detail"] == "no route to host"
    assert [e["id"] for e in told["events"]] == [str(door.event.id)]
    assert told["complete_until"] is None


async def test_a_film_begins_and_ends_with_the_exact_picture(
    door: SimpleNamespace, tmp_path: Path
) -> None:
    answer = await door.client.get(
        "/api/v1/cameras/yard/recording.mp4", params={"from": at(1.3), "to": at(4.7)}
    )

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-vedette-intervals"] == f"{at(1.3)}/{at(4.7)}"
    assert "x-vedette-next" not in answer.headers
    file = tmp_path / "film.mp4"
    file.write_bytes(answer.content)
    assert numbers_of(str(file)) == list(range(13, 47))


async def test_a_player_may_ask_for_any_part(door: SimpleNamespace) -> None:
    address = "/api/v1/cameras/yard/recording.mp4"
    query = {"from": at(1.3), "to": at(4.7)}
    whole = await door.client.get(address, params=query)
    size = len(whole.content)

    for asked, wanted, told in (
        ("bytes=0-99", whole.content[:100], f"bytes 0-99/{size}"),
        ("bytes=5000-", whole.content[5000:], f"bytes 5000-{size - 1}/{size}"),
        ("bytes=-7", whole.content[-7:], f"bytes {size - 7}-{size - 1}/{size}"),
        (f"bytes=100-{size * 2}", whole.content[100:], f"bytes 100-{size - 1}/{size}"),
    ):
        part = await door.client.get(address, params=query, headers={"Range": asked})
        assert (part.status_code, part.content) == (206, wanted)
        assert part.headers["content-range"] == told
    beyond = await door.client.get(address, params=query, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    head = await door.client.head(address, params=query)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(size), b"")
    other = await door.client.get(
        address, params=query, headers={"Range": "bytes=0-9", "If-Range": '"of another film"'}
    )
    assert other.status_code == 200


@pytest.mark.parametrize("part", ["timeline", "recording.mp4"])
@pytest.mark.parametrize(
    ("camera", "query", "status"),
    [
        ("yard", {"from": at(5), "to": at(5)}, 422),
        ("yard", {"from": at(5), "to": at(4)}, 422),
        ("yard", {"from": at(0), "to": at(8 * 86_400)}, 422),
        ("yard", {"from": "2026-03-14T12:00:00", "to": at(5)}, 422),
        ("yard", {"from": at(5)}, 422),
        ("shop", {"from": at(0), "to": at(5)}, 404),
        ("nobody", {"from": at(0), "to": at(5)}, 404),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_a_sentence(
    door: SimpleNamespace, part: str, camera: str, query: dict[str, str], status: int
) -> None:
    answer = await door.client.get(f"/api/v1/cameras/{camera}/{part}", params=query)
    assert answer.status_code == status
    assert len(answer.json()["detail"]) > 10


async def test_where_nothing_was_recorded_there_is_no_film(door: SimpleNamespace) -> None:
    for camera, begin in (("yard", 10), ("gate", 0)):
        answer = await door.client.get(
            f"/api/v1/cameras/{camera}/recording.mp4",
            params={"from": at(begin), "to": at(begin + 5)},
        )
        assert answer.status_code == 404
        assert camera in answer.json()["detail"]


async def test_a_recorded_file_that_is_gone_is_left_out(
    door: SimpleNamespace, tmp_path: Path
) -> None:
    door.studio.file(1).unlink()
    answer = await door.client.get(
        "/api/v1/cameras/yard/recording.mp4", params={"from": at(1), "to": at(5)}
    )
    file = tmp_path / "film.mp4"
    file.write_bytes(answer.content)
    assert numbers_of(str(file)) == [*range(10, 20), *range(40, 50)]
    intervals = answer.headers["x-vedette-intervals"]
    assert intervals == f"{at(1)}/{at(2)}, {at(4)}/{at(5)}"


async def test_live_video_plays_from_the_first_byte_and_ends_with_the_camera(
    door: SimpleNamespace, film: Footage, tmp_path: Path
) -> None:
    for packet in film.packets[:150]:
        door.stream.packet(film.info, packet)
    answering = asyncio.ensure_future(door.client.get("/api/v1/cameras/yard/live.mp4"))
    await until(lambda: bool(door.stream.viewers))
    for packet in film.packets[150:]:
        door.stream.packet(film.info, packet)
    door.stream.lost("away")
    answer = await answering

    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    file = tmp_path / "live.mp4"
    file.write_bytes(answer.content)
    numbers = numbers_of(str(file))
    assert numbers[0] % 10 == 0
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert len(numbers) > 20
    assert door.stream.viewers == 0


async def test_a_camera_that_sends_nothing_and_a_full_house_say_so(
    door: SimpleNamespace, film: Footage
) -> None:
    away = await door.client.get("/api/v1/cameras/yard/live.mp4")
    assert away.status_code == 503
    none = await door.client.get("/api/v1/cameras/gate/live.mp4")
    assert none.status_code == 404
    door.stream.packet(film.info, film.video[0])
    door.app.state.seats = seats = Seats(1)
    with seats.taken():
        full = await door.client.get("/api/v1/cameras/yard/live.mp4")
    assert (full.status_code, full.json()["error"]) == (503, "TooMany")


async def test_the_page_of_a_camera_has_a_line_and_players(door: SimpleNamespace) -> None:
    page = await door.client.get("/cameras/yard")
    assert page.status_code == 200
    assert 'data-src="/api/v1/cameras/yard/live.mp4"' in page.text
    for address in re.findall(r'(?:src|href)="(/[^"/][^"]*\.(?:js|css))"', page.text):
        assert (await door.client.get(address)).status_code == 200
    assert (await door.client.get("/cameras/nobody")).status_code == 404
    still = await door.client.get("/cameras/gate")
    assert 'src="/live/gate.mjpg"' in still.text
