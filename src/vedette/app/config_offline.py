"""Changes of the settings beside the product: looked at, or taken back where it does not start."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

from vedette.app.export import opened
from vedette.store.config_versions import ConfigVersion


def forget_changes(data: Path) -> None:
    """Let the next start take the settings of the files only.

    Raises:
        NotFound: no product has ever used the data folder.
        StorageFailed: the store cannot be written.
    """
    asyncio.run(_forget(data))


async def _forget(data: Path) -> None:
    async with opened(data) as (store, _), store.write() as unit:
        versions = unit.config_versions()
        await versions.add(
            ConfigVersion(
                number=await versions.next_number(),
                update_id=uuid4(),
                at=unit.now,
                author="the terminal",
                origin="restore",
                fingerprint="",
                changes={},
                shown={},
            )
        )


def changes_over(data: Path) -> dict[str, Any]:
    """What lies over the files now, secrets included: for the operator's own file.

    Raises:
        NotFound: no product has ever used the data folder.
        StorageFailed: the store cannot be read.
    """
    return asyncio.run(_changes(data))


async def _changes(data: Path) -> dict[str, Any]:
    async with opened(data) as (store, _), store.read() as unit:
        last = await unit.config_versions().last()
    return {} if last is None else last.changes
