"""What is recorded of a camera and what is not, as one line of spans. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vedette.contracts.sink import GapCause
from vedette.kit.clock import to_us
from vedette.store.recordings import Gap

JOINED_US = 500_000
"""Segments closer together than this are one span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time, either recorded or not. Where nothing is known there is no span."""

    began_us: int
    ended_us: int
    cause: GapCause | None = None
    """Why there is no recording; None where there is one."""
    detail: str = ""
    lasts: bool = False
    """A gap that is not over yet."""

    @property
    def recorded(self) -> bool:
        return self.cause is None


def timeline(
    recorded: Sequence[tuple[int, int]],
    gaps: Sequence[Gap],
    *,
    begin_us: int,
    end_us: int,
    now_us: int,
) -> tuple[Span, ...]:
    """Spans between `begin_us` and `end_us`, in order, none over another.

    A gap wins over a segment (the camera was silent within it), and the earlier of two gaps over
    the later. A gap that lasts goes up to `now_us`.

    Args:
        recorded: begin and end of each segment (UTC, microseconds).
    """
    holes: list[Span] = []
    for gap in sorted(gaps, key=lambda one: one.began_at):
        ended = min(end_us, now_us) if gap.ended_at is None else to_us(gap.ended_at)
        span = Span(
            began_us=max(begin_us, to_us(gap.began_at), holes[-1].ended_us if holes else begin_us),
            ended_us=min(end_us, ended),
            cause=gap.cause,
            detail=gap.detail,
            lasts=gap.ended_at is None,
        )
        if span.ended_us > span.began_us:
            holes.append(span)
    spans = [part for span in _joined(recorded, begin_us, end_us) for part in _without(span, holes)]
    return tuple(sorted([*spans, *holes], key=lambda span: span.began_us))


def _joined(recorded: Sequence[tuple[int, int]], begin_us: int, end_us: int) -> list[Span]:
    """What the segments cover, joined where they touch."""
    spans: list[Span] = []
    for began_us, ended_us in sorted(recorded):
        span = Span(began_us=max(begin_us, began_us), ended_us=min(end_us, ended_us))
        if span.ended_us <= span.began_us:
            continue
        if spans and span.began_us - spans[-1].ended_us <= JOINED_US:
            until_us = max(spans[-1].ended_us, span.ended_us)
            spans[-1] = replace(spans[-1], ended_us=until_us)
        else:
            spans.append(span)
    return spans


def _without(span: Span, holes: Sequence[Span]) -> list[Span]:
    """What is left of a span around the holes, which are in order."""
    parts, at = [], span.began_us
    for hole in holes:
        if hole.ended_us <= at or hole.began_us >= span.ended_us:
            continue
        if hole.began_us > at:
            parts.append(replace(span, began_us=at, ended_us=hole.began_us))
        at = hole.ended_us
    if at < span.ended_us:
        parts.append(replace(span, began_us=at))
    return parts
