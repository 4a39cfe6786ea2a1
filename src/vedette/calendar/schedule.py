"""When something counts: local hours, weekdays, holidays, the sun; over every change of clocks.

A window says on which days it begins, and from when to when; where it ends before it begins, it
ends on the next day. A time that the clocks leave out (spring) is the moment at which they jump; of
a time that they show twice (autumn), a window begins with the first and ends with the second.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from astral import Observer
from astral.sun import sunrise, sunset
from pydantic import AfterValidator, Field, field_validator, model_validator

from vedette.kit.clock import from_us, to_us
from vedette.plugins.registry import PluginConfig

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal[
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "weekdays", "weekend", "holidays", "workdays"
]
DAYS_ROUND = 2
"""Days before and after a moment whose windows may concern it, or bound its state."""

_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_SUN = re.compile(r"(sunrise|sunset)(?:([+-])(\d{1,2}):([0-5]\d))?")


def _moment(text: str) -> str:
    if _SUN.fullmatch(text) or ((found := _CLOCK.fullmatch(text)) and _minutes(found) <= 24 * 60):
        return text
    raise ValueError(f"{text!r} is no time of day; write it like 22:30, sunset, or sunrise-00:30")


def _minutes(found: re.Match[str]) -> int:
    return int(found[1]) * 60 + int(found[2])


Moment = Annotated[str, AfterValidator(_moment)]
"""`22:30`, `24:00`, `sunrise`, `sunset+01:15`."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}; write it like Europe/Berlin") from error
    return name


class Place(PluginConfig):
    """Where a camera is, as far as its calendar goes."""

    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="Like Europe/Berlin."
    )
    latitude: float | None = Field(default=None, ge=-90.0, le=90.0)
    longitude: float | None = Field(default=None, ge=-180.0, le=180.0)
    holidays: str | None = Field(
        default=None,
        description="Country, and region where it matters, whose public holidays count: DE-BY.",
    )

    @field_validator("holidays")
    @classmethod
    def _known(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                _holidays(text, 2026)
            except NotImplementedError as error:
                raise ValueError(f"no holidays are known of {text!r}: {error}") from error
        return text

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        return self


class Window(PluginConfig):
    """Hours on some days."""

    days: tuple[Day, ...] = Field(
        default=(), description="On which it begins; every day where empty."
    )
    begin: Moment = Field(default="00:00", description="Like 22:30, sunset, sunrise-00:30.")
    end: Moment = Field(default="24:00", description="Before `begin`: on the next day.")


class Schedule(PluginConfig):
    """When something counts: in any of these windows, on none of the days that are left out."""

    windows: tuple[Window, ...] = (Window(),)
    not_on: tuple[date | Literal["holidays"], ...] = Field(
        default=(), description="Days on which no window begins: dates, or `holidays`."
    )

    @property
    def needs_sun(self) -> bool:
        return any(_SUN.fullmatch(text) for w in self.windows for text in (w.begin, w.end))

    @property
    def needs_holidays(self) -> bool:
        named = {day for window in self.windows for day in window.days}
        return bool({"holidays", "workdays"} & named) or "holidays" in self.not_on

    def demand(self, place: Place) -> None:
        """Whether a place has what the schedule needs.

        Raises:
            ValueError: it does not; says what is missing.
        """
        if self.needs_sun and place.latitude is None:
            raise ValueError("the sun needs the site's latitude and longitude")
        if self.needs_holidays and place.holidays is None:
            raise ValueError("holidays need the site's country: `holidays: DE-BY`")


@dataclass(frozen=True, slots=True)
class Phase:
    """Whether a schedule holds, and for how long that stays so, in microseconds since 1970."""

    active: bool
    since_us: int
    until_us: int

    def holds(self, at_us: int) -> bool:
        return self.since_us <= at_us < self.until_us


class Calendar:
    """A schedule in a place. Pure: the same moment always has the same phase."""

    def __init__(self, schedule: Schedule, place: Place) -> None:
        """
        Raises:
            ValueError: see `Schedule.demand`.
        """
        schedule.demand(place)
        self._schedule = schedule
        self._place = place
        self._zone = ZoneInfo(place.time_zone)
        self._of_day = lru_cache(maxsize=16)(lambda day: tuple(self._windows(day)))

    def phase(self, at_us: int) -> Phase:
        """How it is at a moment, with the nearest moments of change (at most two days away)."""
        today = from_us(at_us).astimezone(self._zone).date()
        days = [today + timedelta(days=n) for n in range(-DAYS_ROUND, DAYS_ROUND + 1)]
        spans = _joined(span for day in days for span in self._of_day(day))
        since_us = to_us(_instant(days[0], time(), self._zone, last=False))
        until_us = to_us(_instant(days[-1], time(), self._zone, last=False))
        for begin_us, end_us in spans:
            if begin_us <= at_us < end_us:
                return Phase(True, begin_us, end_us)
            if end_us <= at_us:
                since_us = max(since_us, end_us)
            else:
                until_us = min(until_us, begin_us)
        return Phase(False, since_us, until_us)

    def _windows(self, day: date) -> Iterator[tuple[int, int]]:
        """Begin and end of what begins on a day."""
        if day in self._schedule.not_on:
            return
        if "holidays" in self._schedule.not_on and self._is_holiday(day):
            return
        for window in self._schedule.windows:
            if window.days and not any(self._is(day, each) for each in window.days):
                continue
            begin = self._at(day, window.begin, last=False)
            end = self._at(day, window.end, last=True)
            if begin is not None and end is not None and end <= begin:
                end = self._at(day + timedelta(days=1), window.end, last=True)
            if begin is not None and end is not None:
                yield to_us(begin), to_us(end)

    def _is(self, day: date, wanted: Day) -> bool:
        match wanted:
            case "weekdays":
                return day.weekday() < 5
            case "weekend":
                return day.weekday() >= 5
            case "holidays":
                return self._is_holiday(day)
            case "workdays":
                return day.weekday() < 5 and not self._is_holiday(day)
        return WEEK[day.weekday()] == wanted

    def _is_holiday(self, day: date) -> bool:
        return self._place.holidays is not None and day in _holidays(self._place.holidays, day.year)

    def _at(self, day: date, text: str, *, last: bool) -> datetime | None:
        """A moment of a day; None where the sun neither rises nor sets."""
        if found := _SUN.fullmatch(text):
            sun = self._sun(day, found[1])
            shift = timedelta(hours=int(found[3] or 0), minutes=int(found[4] or 0))
            return None if sun is None else sun + (-shift if found[2] == "-" else shift)
        minutes = _minutes(_CLOCK.fullmatch(text))  # type: ignore[arg-type]
        if minutes == 24 * 60:
            return _instant(day + timedelta(days=1), time(), self._zone, last=False)
        return _instant(day, time(*divmod(minutes, 60)), self._zone, last=last)

    def _sun(self, day: date, event: str) -> datetime | None:
        place = self._place
        observer = Observer(latitude=place.latitude or 0.0, longitude=place.longitude or 0.0)
        try:
            found = (sunrise if event == "sunrise" else sunset)(
                observer, date=day, tzinfo=self._zone
            )
        except ValueError:  # beyond the polar circle
            return None
        return found.astimezone(UTC).replace(microsecond=0)


def _instant(day: date, moment: time, zone: tzinfo, *, last: bool) -> datetime:
    """When the clocks of a zone show this; see above for times that they show twice, or not."""
    shown = datetime.combine(day, moment, zone)
    first, second = (shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if second >= first:
        return second if last else first
    return _jump(second, first, zone)  # a gap: `fold` then has the offsets the other way round


def _jump(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment between two at which the offset of a zone changes, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _joined(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch as one."""
    joined: list[tuple[int, int]] = []
    for begin_us, end_us in sorted(spans):
        if joined and begin_us <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end_us)
        else:
            joined.append((begin_us, end_us))
    return joined


@cache
def _holidays(text: str, year: int) -> Collection[date]:
    """Public holidays of a country, or of one of its regions.

    Raises:
        NotImplementedError: nobody knows them.
    """
    import holidays  # noqa: PLC0415 - 18 MB that most owners do not need

    country, _, region = text.partition("-")
    found: Collection[date] = frozenset(
        holidays.country_holidays(country.upper(), subdiv=region.upper() or None, years=year)
    )
    return found
