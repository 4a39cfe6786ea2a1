"""Row 12, the bus within one process: facts handed to a subscriber, and facts for nobody.

    python -m benchmarks.bus [--quick]

The product's bus, with its check of contracts; a fact is a payload that has 739 bytes as JSON,
which nobody writes or reads here: within a process facts are handed over as they are. The peer is
`asyncio.Queue` with one producer and one consumer: no topics, no bound per subscriber, no figures,
no time limit, not from threads. Adapters with a broker come with them.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks.bench import Bench, alone
from benchmarks.cell import Cell, Question, compared
from vedette.bus.checked import CheckedBus
from vedette.bus.memory import MemoryBus
from vedette.contracts.facts import DetectedObject, DetectionFact
from vedette.contracts.payload import Payload
from vedette.kit.clock import SystemClock

TOPIC = "process.motion.zoned"
BYTES = 739
AT_ONCE = 500
QUEUE = "asyncio.Queue"


def measure(bench: Bench) -> list[Cell]:
    """Rounds of bus and queue in turns, then silence."""
    facts = 10_000 if bench.quick else 200_000
    rates: dict[str, list[float]] = {"ours": [], QUEUE: []}
    silences: list[float] = []
    for number in range(bench.rounds):
        bench.say(f"{facts} facts, round {number + 1}")
        rates["ours"].append(asyncio.run(_deliveries(facts)))
        rates[QUEUE].append(asyncio.run(_queued(facts)))
        silences.append(_silence(facts))
    delivered = Question(
        row=12,
        metric="bus, deliveries",
        workload="in process, one subscriber",
        unit="1000 a second of CPU",
        peer_name=QUEUE,
        target=">= 200 (thousand a second)",
    )
    silent = Question(
        row=12,
        metric="bus, a fact for nobody",
        workload="in process, 1000 subscribers of other topics",
        unit="us CPU",
        target="<= 2 us",
    )
    return [compared(delivered, rates["ours"], rates[QUEUE]), compared(silent, silences)]


def fact() -> DetectionFact:
    """Of `BYTES` bytes as JSON."""

    def of(label: str) -> DetectionFact:
        one = DetectedObject(label=label, score=0.75, box=(0.125, 0.25, 0.5, 1.0))
        return DetectionFact(
            camera_id="yard",
            at=datetime(2026, 1, 1, tzinfo=UTC),
            objects=(one, one, one),
            correlation_id="yard/s1/1",
        )

    spare = BYTES - len(of("").model_dump_json())
    padded = of("x" * (spare // 3))
    left = BYTES - len(padded.model_dump_json())
    return padded.model_copy(update={"correlation_id": padded.correlation_id + "0" * left})


async def _deliveries(count: int) -> float:
    """Thousands in a second of CPU time."""
    bus, one, heard = _bus(), fact(), 0

    async def hear(topic: str, payload: Payload) -> None:
        nonlocal heard
        del topic, payload
        heard += 1

    bus.subscribe(TOPIC, hear, name="ears")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bus.run())
        await asyncio.sleep(0)
        began_s = time.process_time()
        for _ in range(count // AT_ONCE):
            for _ in range(AT_ONCE):
                bus.publish(TOPIC, one)
            await bus.drain()
        spent_s = time.process_time() - began_s
        bus.close()
    assert heard == count, "facts were lost"
    return count / spent_s / 1000.0


async def _queued(count: int) -> float:
    queue: asyncio.Queue[DetectionFact] = asyncio.Queue()
    one, heard = fact(), 0

    async def consume() -> None:
        nonlocal heard
        while heard < count:
            await queue.get()
            heard += 1
            queue.task_done()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(consume())
        await asyncio.sleep(0)
        began_s = time.process_time()
        for _ in range(count // AT_ONCE):
            for _ in range(AT_ONCE):
                queue.put_nowait(one)
            await queue.join()
    spent_s = time.process_time() - began_s
    return count / spent_s / 1000.0


def _silence(count: int) -> float:
    """Microseconds of CPU for a fact that nobody listens for."""
    bus, one = _bus(), fact()

    async def hear(topic: str, payload: Payload) -> None:
        del topic, payload

    for number in range(1000):
        bus.subscribe(f"camera.c{number}.frame", hear, name=f"ears {number}")
    publish: Callable[[str, Payload], None] = bus.publish
    publish(TOPIC, one)
    began_s = time.process_time()
    for _ in range(count):
        publish(TOPIC, one)
    return (time.process_time() - began_s) / count * 1e6


def _bus() -> CheckedBus:
    clock = SystemClock()
    return CheckedBus(MemoryBus(clock=clock), clock)


if __name__ == "__main__":
    alone(measure, __doc__)
