"""Writes a line for each alert into a file."""

import asyncio
from pathlib import Path

from vedette.contracts.errors import DeliveryFailed
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.notify.port import ChannelConfig


class DiaryConfig(ChannelConfig):
    """Settings of `{type: diary, file: ...}`."""

    file: Path


class DiaryChannel:
    """One line an alert: when, and what."""

    Config = DiaryConfig

    def __init__(self, config: DiaryConfig, *, clock: Clock) -> None:
        del clock
        self._file = config.file

    async def send(self, notice: Notice) -> str:
        """Tell; the answer says where, without secrets.

        Raises:
            DeliveryFailed: the file cannot be written now; Vedette tries again.
        """
        title = " ".join("".join(c if c.isprintable() else " " for c in notice.title).split())
        line = f"{notice.at.isoformat()} {title}\n"
        try:
            await asyncio.to_thread(self._write, line)
        except OSError as error:
            raise DeliveryFailed(f"the diary cannot be written: {error.strerror}") from error
        return "the diary"

    async def close(self) -> None:
        """Nothing to give back."""

    def _write(self, line: str) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(line)
