"""Waits for what may never end: a call gets its time, then it is cancelled, then left to itself."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

GRACE_S = 0.5
"""How long a call may take to heed that it is cancelled."""

_left: set[asyncio.Task[Any]] = set()
"""Calls that did not heed it; a task that nobody holds could be collected while it runs."""


class TookTooLong(Exception):
    """A call did not end in its time. Not a `TimeoutError`: the call itself may raise one."""


async def within(call: Coroutine[Any, Any, Result], limit_s: float) -> Result:
    """What a call returns or raises, if it does so in time.

    Unlike `asyncio.timeout` this also returns where the call swallows its cancellation.

    Raises:
        TookTooLong: it did not end within `limit_s` seconds.
    """
    task = asyncio.get_running_loop().create_task(call)
    try:
        done, _ = await asyncio.wait({task}, timeout=limit_s)
        if done:
            return task.result()
    finally:
        if not task.done():
            task.cancel()
            _left.add(task)
            task.add_done_callback(_forget)
    await asyncio.wait({task}, timeout=GRACE_S)
    raise TookTooLong(f"it did not end within {limit_s:g} s")


def _forget(task: asyncio.Task[Any]) -> None:
    """It has ended after all; its error was given up with it."""
    _left.discard(task)
    if not task.cancelled():
        task.exception()
