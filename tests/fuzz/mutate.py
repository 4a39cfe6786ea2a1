"""Damages bytes as lines, disks and ill will do; the same seed gives the same damage."""

import random
from collections.abc import Callable, Sequence

Damage = Callable[[bytearray, random.Random], None]

EXTREMES = (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00")


def flip(data: bytearray, chance: random.Random) -> None:
    """Some bits, near each other or far."""
    for _ in range(chance.randint(1, 32)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def lose(data: bytearray, chance: random.Random) -> None:
    """A stretch is missing."""
    start = chance.randrange(len(data))
    del data[start : start + chance.randint(1, max(1, len(data) // 8))]


def repeat(data: bytearray, chance: random.Random) -> None:
    """A stretch comes twice."""
    start = chance.randrange(len(data))
    data[start:start] = data[start : start + chance.randint(1, max(1, len(data) // 8))]


def cut(data: bytearray, chance: random.Random) -> None:
    """The end is missing."""
    del data[chance.randrange(1, len(data)) :]


def lie(data: bytearray, chance: random.Random) -> None:
    """Numbers that are as large or as small as they can be: sizes, counts, times."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        data[at : at + 4] = chance.choice(EXTREMES)


def scramble(data: bytearray, chance: random.Random) -> None:
    """A stretch of noise."""
    at, length = chance.randrange(len(data)), chance.randint(1, 512)
    data[at : at + length] = chance.randbytes(length)


DAMAGES: Sequence[Damage] = (flip, lose, repeat, cut, lie, scramble)


def damaged(data: bytes, seed: int) -> bytes:
    """One to three kinds of damage; never empty."""
    chance = random.Random(seed)  # noqa: S311 - a case must be repeatable
    worse = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        chance.choice(DAMAGES)(worse, chance)
        if not worse:
            worse = bytearray(b"\x00")
    return bytes(worse)
