"""What is measured, as Prometheus reads it, and whether a process lives and can work."""

from headrace.console.metrics.exporter import exporting
from headrace.console.metrics.health import Health, Readiness, health_routes
from headrace.console.metrics.metrics import Metrics, metrics_route

__all__ = ["Health", "Metrics", "Readiness", "exporting", "health_routes", "metrics_route"]
