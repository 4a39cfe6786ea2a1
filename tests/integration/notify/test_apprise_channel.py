"""The Apprise channel against local servers that take what it sends, refuse, or are silent."""

import base64
import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.servers.black_hole import BlackHole
from tests.servers.web import Heard, Reply, WebServer
from vedette.contracts.errors import DeliveryFailed
from vedette.notify.apprise import AppriseChannel, AppriseConfig, without_keys
from vedette.testing.channel_contract import JPEG, a_notice
from vedette.testing.fakes import FakeClock


class Taker(WebServer):
    """Takes everything, after the replies of `first`."""

    def __init__(self, *first: int) -> None:
        super().__init__()
        self._first = list(first)

    @property
    def service(self) -> str:
        """Its address as Apprise writes it."""
        return self.url.replace("http://", "json://") + "/a-key-in-the-path"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.heard]

    def answer(self, request: Heard) -> Reply:
        return Reply(status=self._first.pop(0) if self._first else 200)


def channel_to(*urls: str, **settings: Any) -> AppriseChannel:
    config = AppriseConfig.model_validate({"urls": urls, **settings})
    return AppriseChannel(config, clock=FakeClock())


async def test_a_service_gets_title_text_link_kind_and_picture() -> None:
    with Taker() as taker:
        reached = await channel_to(taker.service).send(a_notice(severity="critical"))

    [message] = taker.told
    assert reached == "JSON (1)"
    assert message["title"] == "Person entered yard (Front door)"
    assert message["message"] == f"{a_notice().text}\n{a_notice().link}"
    assert message["type"] == "failure"
    [picture] = message["attachments"]
    assert base64.b64decode(picture["base64"]) == JPEG
    assert picture["filename"] == f"{a_notice().event_id}.jpg"


async def test_the_picture_stays_here_where_it_is_not_wanted() -> None:
    with Taker() as taker:
        await channel_to(taker.service, include_picture=False).send(a_notice())

    assert taker.told[0]["attachments"] == []


async def test_a_second_attempt_goes_to_those_who_do_not_have_it() -> None:
    with Taker() as one, Taker(500) as other:
        channel = channel_to(one.service, other.service)
        with pytest.raises(DeliveryFailed, match=r"^JSON \(2\): .*500"):
            await channel.send(a_notice())
        reached = await channel.send(a_notice())

    assert reached == "JSON (1), JSON (2)"
    assert (len(one.heard), len(other.heard)) == (1, 2)


async def test_redirects_are_not_followed() -> None:
    with Taker() as inside:

        class Redirecting(Taker):
            def answer(self, request: Heard) -> Reply:
                return Reply(status=307, headers={"Location": inside.url})

        with Redirecting() as outside, pytest.raises(DeliveryFailed):
            await channel_to(outside.service).send(a_notice())

    assert not inside.heard


async def test_silence_is_given_up_in_time() -> None:
    with BlackHole() as hole:
        channel = channel_to(f"json://127.0.0.1:{hole.port}/a-key", timeout_s=0.5)
        with pytest.raises(DeliveryFailed):
            await channel.send(a_notice())


@pytest.mark.parametrize("url", ["pigeon://a-secret-key", "a-secret-key", "tgram://a-secret-key"])
def test_what_is_no_service_is_refused_without_its_key(url: str) -> None:
    with pytest.raises(ValidationError, match="URL 2 is of no service") as caught:
        channel_to("json://127.0.0.1/", url)

    assert "a-secret-key" not in str(caught.value)


def test_sentences_lose_what_stands_in_the_url() -> None:
    said = "Failed to send Slack TokenAAAA to #room: TokenBBBB, error=403"

    assert without_keys(said, "slack://TokenAAAA/TokenBBBB/#room") == (
        "Failed to send Slack ... to #room: ..., error=403"
    )
