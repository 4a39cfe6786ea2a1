"""What every channel must do. Subclass, provide `make` and `make_unreachable`, and run pytest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from vedette.contracts.errors import DeliveryFailed
from vedette.contracts.notice import Notice
from vedette.notify.port import Channel

JPEG = b"\xff\xd8\xff\xe0 a picture, as far as a channel can tell \xff\xd9"

NASTY = "Ünïcode <b>&\"'\r\nBcc: all@example.org\r\n\x00\x7f\u2028 😀"
"""Text that must arrive as text: no markup, no header, no log line of its own."""


def a_notice(**changes: Any) -> Notice:
    """A notice of a person in a yard, with a picture."""
    values: dict[str, Any] = {
        "alert_id": UUID("6f2d7c1e-0000-5000-8000-00000000000a"),
        "event_id": UUID("6f2d7c1e-0000-5000-8000-00000000000e"),
        "site_id": "home",
        "camera_id": "front_door",
        "rule_id": "visitors",
        "event_type": "enter",
        "severity": "warning",
        "title": "Person entered yard (Front door)",
        "text": "A person entered yard on camera Front door at 2026-11-21 14:03:22 UTC.",
        "at": datetime(2026, 11, 21, 14, 3, 22, tzinfo=UTC),
        "label": "person",
        "zone_id": "yard",
        "score": 0.87,
        "numbers": {"dwell_s": 3.5},
        "picture": JPEG,
        "link": "http://127.0.0.1:8321/events/6f2d7c1e-0000-5000-8000-00000000000e",
        "correlation_id": "c-1",
    }
    return Notice.model_validate({**values, **changes})


@asynccontextmanager
async def opened(channel: Channel) -> AsyncIterator[Channel]:
    """The channel inside the block, closed after it."""
    try:
        yield channel
    finally:
        await channel.close()


class ChannelContract:
    """The suite."""

    secrets: tuple[str, ...] = ()
    """What must never appear in a result, an error or the log."""

    def make(self) -> Channel:
        """A channel whose far end takes everything."""
        raise NotImplementedError

    def make_unreachable(self) -> Channel | None:
        """A channel whose far end is not there; None where there is no far end."""
        raise NotImplementedError

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"picture": None},
            {"link": None, "zone_id": None, "correlation_id": None},
            {"title": NASTY, "text": NASTY},
            {"text": "word " * 5000},
            {"severity": "critical"},
        ],
        ids=["all", "no-picture", "no-link", "nasty", "long", "critical"],
    )
    async def test_every_notice_is_delivered(self, changes: dict[str, Any]) -> None:
        async with opened(self.make()) as channel:
            assert await channel.send(a_notice(**changes))

    async def test_the_same_notice_again_is_no_error(self) -> None:
        async with opened(self.make()) as channel:
            await channel.send(a_notice())
            await channel.send(a_notice())

    async def test_no_far_end_is_worth_another_try(self) -> None:
        channel = self.make_unreachable()
        if channel is None:
            return
        async with opened(channel):
            with pytest.raises(DeliveryFailed):
                await channel.send(a_notice())

    async def test_secrets_stay_out_of_results_errors_and_the_log(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(0)
        said: list[str] = []
        async with opened(self.make()) as channel:
            said.append(await channel.send(a_notice()))
        if (lost := self.make_unreachable()) is not None:
            async with opened(lost):
                with pytest.raises(DeliveryFailed) as caught:
                    await lost.send(a_notice())
            chain: BaseException | None = caught.value
            while chain is not None:
                said += [str(chain), repr(chain), repr(vars(chain).get("_request"))]
                chain = chain.__cause__ or chain.__context__
        said.append(caplog.text)
        for secret in self.secrets:
            assert not [text for text in said if secret in text]

    async def test_closing_twice_is_no_error(self) -> None:
        channel = self.make()
        await channel.close()
        await channel.close()
