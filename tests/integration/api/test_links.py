"""What a link of a message opens: its event, the files of that event, and nothing else."""

import re
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from tests.integration.api.conftest import CLIP, PICTURE, SIGNER
from vedette.kit.clock import SystemClock


def link(event_id: str | UUID, *, days: float = 1.0) -> str:
    until = SystemClock().now() + timedelta(days=days)
    return "/l/" + SIGNER.token(UUID(str(event_id)), until)


async def test_a_link_opens_the_page_and_the_files_of_its_event(door: SimpleNamespace) -> None:
    address = link(door.ids[0])
    page = await door.client.get(address)
    files = sorted(set(re.findall(r'(?:src|href|poster)="(/[^"]*)"', page.text)))
    mine = [each for each in files if each not in ("/style.css", "/page.js")]
    answers = [await door.client.get(each.replace("&amp;", "&")) for each in mine]

    assert page.status_code == 200
    assert "Person entered lawn" in page.text
    assert {each.split("?")[0] for each in mine} == {
        f"{address}/snapshot_annotated",
        f"{address}/clip",
    }
    assert {answer.content for answer in answers} == {PICTURE, CLIP}
    for answer in (page, *answers):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]
    part = await door.client.get(f"{address}/clip", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, CLIP[:10])


async def test_it_leads_nowhere_else(door: SimpleNamespace) -> None:
    text = (await door.client.get(link(door.ids[0]))).text

    assert "<nav" not in text
    assert 'href="/"' not in text
    assert "/api/v1" not in text


@pytest.mark.parametrize("path", ["", "/clip"])
async def test_what_is_over_wrong_or_of_somebody_else_opens_nothing(
    door: SimpleNamespace, path: str
) -> None:
    over = await door.client.get(link(door.ids[0], days=-1) + path)
    wrong = await door.client.get(link(door.ids[0])[:-2] + "xx" + path)
    foreign = await door.client.get(link(door.foreign) + path)
    kind = await door.client.get(link(door.ids[0]) + "/secrets")

    assert over.status_code == 410
    assert "was good until" in over.json()["detail"]
    assert wrong.status_code == 404
    assert "not complete" in wrong.json()["detail"]
    assert foreign.status_code == 404
    assert kind.status_code == 422
