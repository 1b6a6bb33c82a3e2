"""Live events over HTTP, as server-sent events: an ASGI application of its own, to be mounted in any other."""

from headrace.web.endpoint import LiveEndpoint
from headrace.web.request import Authorize, LiveRequest, Refusal

__all__ = ["Authorize", "LiveEndpoint", "LiveRequest", "Refusal"]
