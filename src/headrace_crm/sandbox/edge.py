"""The way in and out of the sandbox for every service: what was asked is counted, what is answered may be disturbed."""

from starlette.requests import Request
from starlette.responses import Response

from headrace_crm.sandbox.answer import Answer
from headrace_crm.sandbox.counters import Counters
from headrace_crm.sandbox.delivery import response_of
from headrace_crm.sandbox.faults import ON_THE_WAY, Faults


class Edge:
    """Turns answers into responses."""

    def __init__(self, *, counters: Counters, faults: Faults) -> None:
        self.counters = counters
        self.faults = faults

    def respond(self, request: Request, route: str, answer: Answer) -> Response:
        """Delivers an answer to a request of `route`, slowly or cut where the script says so.

        It is compressed for clients that accept gzip and, as Google wants it, have "gzip" in their
        User-Agent too.
        """
        fault = self.faults.draw(route, among=ON_THE_WAY)
        headers = request.headers
        is_compressed = "gzip" in headers.get("accept-encoding", "") and "gzip" in headers.get("user-agent", "")
        return response_of(answer, fault=fault, is_compressed=is_compressed)

    def count_and_respond(self, request: Request, route: str, answer: Answer) -> Response:
        """The same for an answer that nobody has counted yet."""
        self.counters.answered(route, answer.status)
        return self.respond(request, route, answer)
