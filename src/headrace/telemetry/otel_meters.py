"""OpenTelemetry: the measures of `headrace.telemetry.measures`, by the same names.

Needs the extra `headrace[otel]`. Where no SDK is set up, the API's own meters do nothing.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from opentelemetry.metrics import MeterProvider, get_meter

from headrace.telemetry.measures import MEASURES, Measure
from headrace.telemetry.measuring import Measuring
from headrace.telemetry.record import Telemetry


class Application(Protocol):
    """What measuring needs of the application it watches."""

    telemetry: Telemetry


class Sample(Protocol):
    """What a measure of the database is just now."""

    @property
    def measure(self) -> Measure: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def value(self) -> float: ...


class Meters:
    """Measures what an app's processes do; `install` it on an app in each of them.

    What is of the database is handed over by `record(await read_state(connection))`, as often as you like and in one
    process: see `headrace.doctor.state`.

        Meters().install(app)
    """

    def __init__(self, *, meter_provider: MeterProvider | None = None) -> None:
        meter = get_meter("headrace", meter_provider=meter_provider)
        self._instruments: dict[str, Any] = {}
        for one in MEASURES:
            match one.kind:
                case "counter":
                    made: Any = meter.create_counter(one.name, description=one.help)
                case "histogram":
                    made = meter.create_histogram(
                        one.name, unit="s", description=one.help, explicit_bucket_boundaries_advisory=one.buckets
                    )
                case "gauge":
                    made = meter.create_gauge(one.name, description=one.help)
            self._instruments[one.name] = made

    def install(self, app: Application) -> None:
        """Measures everything the app tells of from now on."""
        app.telemetry.subscribe(Measuring(self))

    def count(self, measure: Measure, labels: tuple[str, ...], by: float = 1.0) -> None:
        """Adds to a counter."""
        self._instruments[measure.name].add(by, dict(zip(measure.labels, labels, strict=True)))

    def observe(self, measure: Measure, labels: tuple[str, ...], value: float) -> None:
        """Adds a value to a histogram."""
        self._instruments[measure.name].record(value, dict(zip(measure.labels, labels, strict=True)))

    def record(self, samples: Iterable[Sample]) -> None:
        """Sets gauges."""
        for one in samples:
            self._instruments[one.measure.name].set(one.value, dict(zip(one.measure.labels, one.labels, strict=True)))
