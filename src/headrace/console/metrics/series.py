"""The measures of one process, kept in memory, as Prometheus collects them."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from headrace.doctor.state import Sample
from headrace.telemetry.measures import MEASURES, Measure

Labels = tuple[str, ...]


class _Histogram:
    __slots__ = ("counts", "total")

    def __init__(self, size: int) -> None:
        self.counts = [0] * (size + 1)
        self.total = 0.0


class Series(Collector):
    """Counts and observes what it is told, and gives it all to who collects. A sink of `Measuring`.

    Not the client library's own counters: those cost a lock and three lookups at every job, and share what they keep
    with the whole process.
    """

    def __init__(self) -> None:
        self._counts: dict[str, dict[Labels, float]] = {one.name: {} for one in MEASURES if one.kind == "counter"}
        self._histograms: dict[str, dict[Labels, _Histogram]] = {
            one.name: {} for one in MEASURES if one.kind == "histogram"
        }
        self._gauges: dict[str, dict[Labels, float]] = {one.name: {} for one in MEASURES if one.kind == "gauge"}
        for one in MEASURES:
            if one.kind == "counter" and not one.labels:
                self._counts[one.name][()] = 0.0  # so that it is seen to rise from nothing

    def count(self, measure: Measure, labels: Labels, by: float = 1.0) -> None:
        """Adds to a counter."""
        counts = self._counts[measure.name]
        counts[labels] = counts.get(labels, 0.0) + by

    def observe(self, measure: Measure, labels: Labels, value: float) -> None:
        """Adds a value to a histogram."""
        known = self._histograms[measure.name]
        histogram = known.get(labels)
        if histogram is None:
            histogram = known[labels] = _Histogram(len(measure.buckets))
        histogram.counts[bisect_left(measure.buckets, value)] += 1
        histogram.total += value

    def show(self, samples: Iterable[Sample]) -> None:
        """Sets the gauges that are given; of each of these measures, all others go."""
        fresh: dict[str, dict[Labels, float]] = {}
        for one in samples:
            fresh.setdefault(one.measure.name, {})[one.labels] = one.value
        self._gauges.update(fresh)

    def forget(self, measures: Iterable[Measure]) -> None:
        """Shows nothing of these gauges any more."""
        for one in measures:
            self._gauges[one.name] = {}

    def collect(self) -> Iterator[Metric]:
        for one in MEASURES:
            match one.kind:
                case "counter":
                    yield self._counter(one)
                case "histogram":
                    yield self._histogram(one)
                case "gauge":
                    family = GaugeMetricFamily(one.name, one.help, labels=one.labels)
                    for labels, value in self._gauges[one.name].items():
                        family.add_metric(labels, value)
                    yield family

    def _counter(self, measure: Measure) -> Metric:
        family = CounterMetricFamily(measure.name, measure.help, labels=measure.labels)
        for labels, value in list(self._counts[measure.name].items()):
            family.add_metric(labels, value)
        return family

    def _histogram(self, measure: Measure) -> Metric:
        family = HistogramMetricFamily(measure.name, measure.help, labels=measure.labels)
        for labels, found in list(self._histograms[measure.name].items()):
            buckets: list[tuple[str, float]] = []
            running = 0
            for bound, count in zip((*map(str, measure.buckets), "+Inf"), found.counts, strict=True):
                running += count
                buckets.append((bound, running))
            family.add_metric(labels, buckets=buckets, sum_value=found.total)
        return family
