"""The diary keeps the contract of channels, and has one line for each alert."""

from pathlib import Path

import pytest

from vedette.testing.channel_contract import NASTY, ChannelContract, a_notice
from vedette.testing.fakes import FakeClock
from vedette_doorbell.diary import DiaryChannel, DiaryConfig


def diary(file: Path) -> DiaryChannel:
    return DiaryChannel(DiaryConfig(file=file), clock=FakeClock())


class TestDiary(ChannelContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.tmp_path = tmp_path

    def make(self) -> DiaryChannel:
        return diary(self.tmp_path / "diary.txt")

    def make_unreachable(self) -> DiaryChannel:
        return diary(self.tmp_path / "nowhere" / "diary.txt")


async def test_whatever_an_alert_says_it_is_one_line(tmp_path: Path) -> None:
    channel = diary(tmp_path / "diary.txt")
    await channel.send(a_notice())
    await channel.send(a_notice(title=NASTY))

    lines = (tmp_path / "diary.txt").read_text("utf-8").splitlines()
    assert lines[0] == "2026-11-21T14:03:22+00:00 Person entered yard (Front door)"
    assert len(lines) == 2
