"""What a web server of an application takes: live events, to be mounted in it, and a context around each request."""

from headrace.web.endpoint import LiveEndpoint
from headrace.web.request import Authorize, LiveRequest, Refusal
from headrace.web.request_context import RequestContext

__all__ = ["Authorize", "LiveEndpoint", "LiveRequest", "Refusal", "RequestContext"]
