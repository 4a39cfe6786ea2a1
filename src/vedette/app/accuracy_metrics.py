"""How right the events are, for Prometheus."""

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from vedette.contracts.feedback import Judgement
from vedette.services.accuracy import SCORES, Accuracy


class AccuracyMetrics(Collector):
    """Reads what was counted."""

    def __init__(self, accuracy: Accuracy) -> None:
        self._accuracy = accuracy

    def collect(self) -> Iterator[Metric]:
        events = CounterMetricFamily("ai_events", "Events opened.", labels=["site", "type"])
        for (site, kind), count in self._accuracy.opened.items():
            events.add_metric([site, kind], count)
        yield events
        scores = HistogramMetricFamily(
            "vedette_event_score", "How sure the detector was of what opened.", labels=["label"]
        )
        for label, classes in self._accuracy.scores.items():
            upper = [f"{end:g}" for end in SCORES[:-1]] + ["+Inf"]
            buckets = list(zip(upper, map(float, accumulate(classes)), strict=True))
            scores.add_metric([label], buckets, self._accuracy.score_sums[label])
        yield scores
        yield from self._of_judged()

    def _of_judged(self) -> Iterator[Metric]:
        judged = GaugeMetricFamily(
            "vedette_events_judged",
            "Events that people said something of.",
            labels=["camera", "rule", "judgement"],
        )
        right: Counter[str] = Counter()
        wrong: Counter[str] = Counter()
        for camera, rule, judgement, count, moments in self._accuracy.judged:
            judged.add_metric([camera, rule, judgement.value], count)
            (wrong if judgement is Judgement.FALSE else right)[rule] += count - moments
        precision = GaugeMetricFamily(
            "vedette_event_precision",
            "Part of the judged events that were what they said.",
            labels=["rule"],
        )
        for rule in sorted((+right).keys() | (+wrong).keys()):
            precision.add_metric([rule], right[rule] / (right[rule] + wrong[rule]))
        yield judged
        yield precision
