"""Streams that are wrong in one way each, made of one that is right."""

import itertools
import random
from collections.abc import Iterator

from tests.servers.live_feed import HEAD, Chunk, Footage, Script, showing

WRAP_S = 2**33 / 90_000
"""MPEG-TS counts time in 33 bits."""
TS_PACKET = 188

HEALTHY = showing(Footage())


def mute() -> Iterator[Chunk]:
    """Takes the connection, answers, and never sends a picture."""
    yield (0.0, HEAD)
    yield (3600.0, b"")


def speechless() -> Iterator[Chunk]:
    """Takes the connection and says nothing at all."""
    yield (3600.0, b"")


def dripping() -> Iterator[Chunk]:
    """One byte a second."""
    for byte in b"".join(data for _, data in itertools.islice(HEALTHY(), 20)):
        yield (1.0, bytes([byte]))


def noise() -> Iterator[Chunk]:
    """Bytes that mean nothing, faster than any camera."""
    chance = random.Random(7)  # noqa: S311 - the same each time
    yield (0.0, HEAD)
    while True:
        yield (0.01, chance.randbytes(20_000))


def flooding() -> Iterator[Chunk]:
    """A good stream, as fast as the line takes it."""
    for _, data in HEALTHY():
        yield (0.0, data)


def stuttering() -> Iterator[Chunk]:
    """A second of video, then one and a half of nothing, then all that was missed at once."""
    owed_s = 0.0
    for number, (wait_s, data) in enumerate(HEALTHY()):
        if number % 25 == 0 and number:
            yield (1.5, data)
            owed_s = 1.4
        else:
            caught_up_s = min(owed_s, wait_s)
            owed_s -= caught_up_s
            yield (wait_s - caught_up_s, data)


def rewinding() -> Iterator[Chunk]:
    """Its clock goes back by six seconds, again and again."""
    while True:
        yield from showing(Footage(), again=False)()


def torn() -> Iterator[Chunk]:
    """A line that loses three of a hundred transport packets and swaps some."""
    chance = random.Random(3)  # noqa: S311 - the same each time
    for wait_s, data in HEALTHY():
        if data == HEAD:
            yield (wait_s, data)
            continue
        pieces = [data[at : at + TS_PACKET] for at in range(0, len(data), TS_PACKET)]
        kept = [piece for piece in pieces if chance.random() > 0.03]
        if len(kept) > 2 and chance.random() < 0.05:
            kept[0], kept[1] = kept[1], kept[0]
        yield (wait_s, b"".join(kept))


def flapping(lasts_s: float = 5.0) -> Script:
    """A connection that ends again and again after so long."""

    def script() -> Iterator[Chunk]:
        yield from itertools.islice(HEALTHY(), round(lasts_s * Footage().fps))

    return script


RESIZED = showing(Footage(), Footage(size=(480, 270)))
RECODED = showing(Footage(), Footage(codec="mpeg2video"))
RERATED = showing(Footage(fps=25), Footage(fps=5))
WRAPPED = showing(Footage(), first_s=WRAP_S - 8.0)

NEVER_SEEN: dict[str, Script] = {
    "mute": mute,
    "speechless": speechless,
    "dripping": dripping,
    "noise": noise,
}
"""Nothing of these can be shown; it must be said, and tried again."""

STILL_SEEN: dict[str, Script] = {
    "flooding": flooding,
    "stuttering": stuttering,
    "rewinding": rewinding,
    "torn": torn,
    "flapping": flapping(),
    "resized": RESIZED,
    "recoded": RECODED,
    "rerated": RERATED,
    "wrapped": WRAPPED,
}
"""These are bad, and yet there is something to see: people who pass are noticed."""
