"""Keeps what people say of an event; the product may run."""

from pathlib import Path
from uuid import UUID

from vedette.app.export import opened
from vedette.contracts.errors import InvalidInput
from vedette.contracts.feedback import EventFeedback, Judgement


async def mark_event(data: Path, event_id: str, judgement: Judgement, note: str) -> EventFeedback:
    """Note a word about an event.

    Raises:
        InvalidInput: that is no id.
        NotFound: there is no such event, or no product has ever used the data folder.
        StorageFailed: it cannot be written now.
    """
    try:
        number = UUID(event_id)
    except ValueError:
        raise InvalidInput(
            f"{event_id!r} is no id of an event; it is in messages, links and /api/v1/events"
        ) from None
    async with opened(data) as (store, scope), store.write() as unit:
        event = await unit.events(scope).get(number)
        return await unit.feedback(scope).mark(event, judgement, note, now=unit.now)
