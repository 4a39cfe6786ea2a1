"""Trouble on purpose under load: the same episodes in the same order, and what became of alerts.

    python -m tests.load.chaos --cameras 16 --episode-s 20

Facts are delayed, lost, repeated and shuffled by the product's own drills; a worker is killed,
another one stopped; the webhook refuses everything for a while. At the end every event in the
store must have had its alert, once, and in time; ends with 1 where a limit was not kept. The short
version that CI runs is tests/integration/workers/test_chaos.py.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tests.command import CLIP
from tests.load.fleet import ask, settings_of, status
from tests.load.footage import street
from tests.load.record import percentile
from tests.running import Running
from tests.servers.rtsp import RtspServer
from tests.servers.web import Heard, Reply, WebServer

ROUND_S = 20
ACTIVE_S = 4
CALM_LATE_S = 5.0
"""95th percentile of alerts of a calm time."""
TROUBLE_LATE_S = 30.0
"""After an episode is over, what it held up has arrived within this."""
BACK_S = 15.0
"""After an episode every camera delivers again within this."""
SETTLE_S = 45.0

PATIENT = "  attempts: 20\n  retry_pause_s: 1\n  digest_over: 1000\n"
"""Of messages: what is refused for a while is tried again until it is not, each for itself."""
SCENARIOS = """
workers: 2
features: {drills: true}
resilience:
  scenarios:
    late: {kind: latency, topics: "event.*", seconds: 2}
    lossy: {kind: drop, topics: "*", part: 0.5}
    twice: {kind: duplicate, topics: "event.*", copies: 3}
    shuffled: {kind: reorder, topics: "*", seconds: 1}
"""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One message as it arrived."""

    id: str
    event: str
    at_s: float
    """Monotonic."""
    late_s: float


class Receiver(WebServer):
    """Takes alerts, or refuses everything."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[Alert] = []
        self.refuses = False
        self.refused = 0

    def hear(self, request: Heard) -> Reply:
        with self._lock:  # nothing is kept of a request but its alert
            return self.answer(request)

    def answer(self, request: Heard) -> Reply:
        if self.refuses:
            self.refused += 1
            return Reply(status=503)
        told = json.loads(request.body)
        late = datetime.now(UTC) - datetime.fromisoformat(told["event"]["at"])
        self.alerts.append(
            Alert(
                id=told["id"],
                event=told["event"]["id"],
                at_s=time.monotonic(),
                late_s=late.total_seconds(),
            )
        )
        return Reply()


@dataclass(kw_only=True)
class Episode:
    """One kind of trouble, and what it did."""

    name: str
    began_s: float = 0.0
    ended_s: float = 0.0
    back_s: float = 0.0
    """From its end until every camera delivered."""
    alerts: int = 0
    late_p95_s: float = 0.0
    late_most_s: float = 0.0


@dataclass(kw_only=True)
class Report:
    """What is told at the end."""

    cameras: int
    episodes: list[Episode] = field(default_factory=list)
    events: int = 0
    alerts: int = 0
    lost: list[str] = field(default_factory=list)
    """Events that nobody was told of."""
    doubled: list[str] = field(default_factory=list)
    """Events of which people were told more than once."""
    refused: int = 0
    restarts: int = 0
    calm_p95_s: float = 0.0
    problems: list[str] = field(default_factory=list)

    def failures(self) -> list[str]:
        """Which limits were not kept."""
        found = list(self.problems)
        found += [f"nobody was told of event {each}" for each in self.lost[:5]]
        found += [f"people were told twice of event {each}" for each in self.doubled[:5]]
        if not self.events:
            found.append("there was no event")
        if self.calm_p95_s > CALM_LATE_S:
            found.append(f"calm: the 95th percentile of alerts is {self.calm_p95_s:.1f} s")
        for each in self.episodes:
            most_s = each.ended_s - each.began_s + TROUBLE_LATE_S
            if each.late_most_s > most_s:
                found.append(f"{each.name}: an alert was {each.late_most_s:.1f} s late")
            if each.back_s > BACK_S:
                found.append(f"{each.name}: cameras were back after {each.back_s:.1f} s")
        return found

    def table(self) -> str:
        """For people."""
        lines = [
            f"{self.cameras} cameras; {self.events} events, {self.alerts} alerts, "
            f"{len(self.lost)} lost, {len(self.doubled)} doubled; {self.refused} refused by the "
            f"webhook, {self.restarts} workers replaced; calm p95 {self.calm_p95_s:.2f} s",
            f"{'episode':18} {'s':>6} {'alerts':>7} {'p95 s':>7} {'most s':>7} {'back s':>7}",
        ]
        lines += [
            f"{each.name:18} {each.ended_s - each.began_s:6.1f} {each.alerts:7d} "
            f"{each.late_p95_s:7.2f} {each.late_most_s:7.2f} {each.back_s:7.2f}"
            for each in self.episodes
        ]
        return "\n".join(lines)


class Chaos:
    """One run over a product that is there already."""

    def __init__(
        self, product: Running, receiver: Receiver, episode_s: float, say: Callable[[str], object]
    ) -> None:
        self._product = product
        self._receiver = receiver
        self._episode_s = episode_s
        self._say = say

    def run(self, cameras: int) -> Report:
        """Every episode, a calm time after each, and the reckoning."""
        report = Report(cameras=cameras)
        self._product.until(self._all_deliver, "every camera", within_s=180)
        calm: list[tuple[float, float]] = [self._calm()]
        troubles: list[tuple[str, Callable[[], Any]]] = [
            (name, partial(self._drill, name)) for name in ("late", "lossy", "twice", "shuffled")
        ]
        troubles += [
            ("worker killed", partial(self._worker, signal.SIGKILL)),
            ("worker stopped", partial(self._worker, signal.SIGSTOP)),
            ("webhook refuses", self._refusing),
        ]
        for name, trouble in troubles:
            episode = Episode(name=name, began_s=time.monotonic())
            with trouble():
                time.sleep(self._episode_s)
            episode.ended_s = time.monotonic()
            self._product.until(self._all_deliver, f"every camera after {name}", within_s=90)
            episode.back_s = time.monotonic() - episode.ended_s
            calm.append(self._calm())
            report.episodes.append(episode)
            self._say(f"{name}: over")
        self._reckon(report, calm)
        return report

    def _calm(self) -> tuple[float, float]:
        """Let what was held up arrive, then look at a calm time."""
        time.sleep(self._episode_s / 2)
        began_s = time.monotonic()
        time.sleep(self._episode_s / 2)
        return began_s, time.monotonic()

    @contextmanager
    def _drill(self, scenario: str) -> Iterator[None]:
        for on in (True, False):
            question = {"what": "toggle", "arguments": {"scenario": scenario, "on": on}}
            answer = self._product.http.post("/api/v1/modules/resilience/requests", json=question)
            assert answer.status_code == 200, answer.text
            if on:
                yield

    @contextmanager
    def _worker(self, how: signal.Signals) -> Iterator[None]:
        """The first one; what is stopped is killed and replaced by the product."""
        os.kill(status(self._product)["workers"][0]["pid"], how)
        yield

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        self._receiver.refuses = True
        try:
            yield
        finally:
            self._receiver.refuses = False

    def _all_deliver(self) -> bool:
        seen = status(self._product)
        cameras = all(c["state"] == "online" and c["fps_in"] > 0 for c in seen["cameras"])
        return cameras and all(worker["state"] == "running" for worker in seen["workers"])

    def _reckon(self, report: Report, calm: list[tuple[float, float]]) -> None:
        """Every event has had its alert by now, or soon."""
        until_s = time.monotonic() + SETTLE_S
        wanted = self._opened()
        while wanted - self._told() and time.monotonic() < until_s:
            time.sleep(0.5)
        told = Counter(alert.event for alert in {a.id: a for a in self._alerts()}.values())
        report.events, report.alerts = len(wanted), len(self._alerts())
        report.lost = sorted(wanted - told.keys())
        report.doubled = sorted(event for event, times in told.items() if times > 1)
        report.refused = self._receiver.refused
        report.restarts = sum(each["restarts"] for each in status(self._product)["workers"])
        quiet = [a.late_s for a in self._alerts() if any(x <= a.at_s <= y for x, y in calm)]
        report.calm_p95_s = percentile(quiet, 95)
        for number, each in enumerate(report.episodes):
            over_s = calm[number + 1][0]
            late = [a.late_s for a in self._alerts() if each.began_s <= a.at_s < over_s]
            each.alerts = len(late)
            each.late_p95_s, each.late_most_s = percentile(late, 95), max(late, default=0.0)

    def _alerts(self) -> list[Alert]:
        return list(self._receiver.alerts)

    def _told(self) -> set[str]:
        return {alert.event for alert in self._alerts()}

    def _opened(self) -> set[str]:
        """Every event in the store."""
        found: set[str] = set()
        path = "/api/v1/events?limit=500"
        while True:
            page = ask(self._product, path).json()
            found |= {each["id"] for each in page["items"]}
            if page["next"] is None:
                return found
            path = f"/api/v1/events?limit=500&cursor={page['next']}"


def chaos(
    folder: Path, cameras: int, episode_s: float, say: Callable[[str], object] = lambda line: None
) -> Report:
    """Start a product with so many cameras, and make trouble.

    Args:
        folder: for footage, settings and data.
        say: told how it goes.
    """
    videos = street(CLIP, folder / "videos", 4, round_s=ROUND_S, active_s=ACTIVE_S)
    config = folder / "vedette.yaml"
    with Receiver() as receiver, RtspServer(videos[0].parent) as rtsp:
        settings = settings_of(cameras, videos, rtsp, receiver.url, notify=PATIENT)
        config.write_text(settings + SCENARIOS)
        with Running("up", "--config", config, "--data", folder / "data") as product:
            report = Chaos(product, receiver, episode_s, say).run(cameras)
            if product.stop() != 0:
                report.problems.append("it did not end in order")
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--episode-s", type=float, default=20.0)
    parser.add_argument("--out", type=Path, help="file for the report as JSON")
    given = parser.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="vedette-chaos-") as scratch:
        report = chaos(Path(scratch), given.cameras, given.episode_s, say)
    failures = report.failures()
    say(report.table())
    say("\n".join(f"NOT KEPT: {each}" for each in failures) or "every limit was kept")
    if given.out:
        given.out.write_text(json.dumps({**asdict(report), "failures": failures}, indent=1) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
