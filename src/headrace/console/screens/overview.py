"""The overview: what happens now, and what needs somebody."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headrace.console.alarms import alarms
from headrace.console.live.telling import CHART
from headrace.console.page import render, site_of


async def overview(request: Request) -> Response:
    """Throughput, latency, depths, workers and subscriptions, and alarms that say what to do."""
    pulse = site_of(request).pulse
    seen = await pulse.current()
    return render(request, "console/overview.html", seen=seen, live=pulse.values, chart=CHART, alarms=alarms(seen))


ROUTES = [Route("/", overview)]
