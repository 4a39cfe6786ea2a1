"""A link opens one event until a moment; whatever is changed in it, it opens nothing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.alerts.links import LinkSigner
from vedette.contracts.errors import LinkExpired, NotFound

KEY = bytes(range(32))
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(event=st.uuids(), until=MOMENTS)
def test_a_link_opens_its_event_until_its_end(event: UUID, until: datetime) -> None:
    signer = LinkSigner(KEY)
    until = until.replace(microsecond=0)
    token = signer.token(event, until)

    assert signer.read(token, until) == event
    assert LinkSigner(KEY).token(event, until) == token, "the same in another life"
    with pytest.raises(LinkExpired, match=f"until {until:%Y-%m-%d %H:%M} UTC"):
        signer.read(token, until + timedelta(seconds=1))


@given(event=st.uuids(), at=st.integers(0, 200), what=st.integers(33, 126))
def test_a_changed_letter_opens_nothing(event: UUID, at: int, what: int) -> None:
    signer = LinkSigner(KEY)
    token = signer.token(event, NOON)
    at %= len(token)
    changed = token[:at] + chr(what) + token[at + 1 :]
    if changed != token:
        with pytest.raises(NotFound, match="not complete"):
            signer.read(changed, NOON)


@given(text=st.text(max_size=80))
def test_anything_else_opens_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        LinkSigner(KEY).read(text, NOON)


def test_another_key_opens_nothing_and_a_short_one_is_none() -> None:
    token = LinkSigner(KEY).token(UUID(int=1), NOON)
    with pytest.raises(NotFound):
        LinkSigner(bytes(32)).read(token, NOON)
    with pytest.raises(NotFound):
        LinkSigner(KEY).read(token[:-1], NOON)
    with pytest.raises(NotFound):
        LinkSigner(KEY).read(token + "=", NOON)
    with pytest.raises(ValueError, match="32 bytes"):
        LinkSigner(b"short")
