"""Keeps what people say of an event; the product may run."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from vedette.app.export import opened
from vedette.contracts.errors import InvalidInput
from vedette.contracts.feedback import ANY_RULE, EventFeedback, Judgement
from vedette.kit.ids import is_slug


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


async def mark_missed(
    data: Path, camera_id: str, at: datetime, *, rule_id: str = "", note: str = ""
) -> EventFeedback:
    """Note that a camera should have told something at a moment.

    Args:
        rule_id: which rule should have; any of them where empty.

    Raises:
        InvalidInput: the store knows no such camera, the rule is no id, or the moment is to come.
        NotFound: no product has ever used the data folder.
        StorageFailed: it cannot be written now.
    """
    if rule_id and not is_slug(rule_id):
        raise InvalidInput(f"{rule_id!r} is no id of a rule; `vedette rules list` shows them")
    async with opened(data) as (store, scope), store.write() as unit:
        if at > unit.now:
            raise InvalidInput(f"{at:%Y-%m-%d %H:%M:%S} UTC has not come yet; say when it was")
        cameras = {each.id: each for each in await unit.cameras(scope).find()}
        if camera_id not in cameras:
            there = ", ".join(sorted(cameras))
            raise InvalidInput(f"no camera is called {camera_id!r}; there are: {there}")
        site = cameras[camera_id].site_id
        feedback = unit.feedback(scope)
        return await feedback.miss(site, camera_id, rule_id or ANY_RULE, note, at=at)
