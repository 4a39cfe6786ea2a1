"""Tells the log: one line of JSON per alert, for terminals and log collectors."""

import json
import logging

from vedette.contracts.event import Severity
from vedette.contracts.notice import Notice
from vedette.kit.clock import Clock
from vedette.notify.port import ChannelConfig

_LEVELS = {
    Severity.INFO: logging.INFO,
    Severity.WARNING: logging.WARNING,
    Severity.CRITICAL: logging.CRITICAL,
}


class LogConfig(ChannelConfig):
    """Settings of the log channel."""

    logger: str = "vedette.alert"


class LogChannel:
    """Writes each notice as one line of JSON, without its picture, at the level it deserves."""

    Config = LogConfig

    def __init__(self, config: LogConfig, *, clock: Clock) -> None:
        del clock  # every channel is built alike; log lines get their time from the log
        self._log = logging.getLogger(config.logger)

    async def send(self, notice: Notice) -> str:
        facts = notice.model_dump(mode="json", exclude={"picture", "video"}, exclude_none=True)
        line = json.dumps(facts, sort_keys=True, ensure_ascii=False)
        self._log.log(_LEVELS[notice.severity], "alert %s", line)
        return "the log"

    async def close(self) -> None:
        """Nothing to give back."""
