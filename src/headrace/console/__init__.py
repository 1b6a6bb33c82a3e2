"""The operator's console: pages, access, the HTTP API, metrics and health, as ASGI applications to mount in any other.

Needs the extra `console`: `pip install 'headrace[console]'`.
"""

from headrace.console import extra as extra  # first: it says what is missing where something is
from headrace.console.access import (
    Access,
    Authenticate,
    Principal,
    Problem,
    ProblemError,
    Role,
    SessionChange,
    SessionPolicy,
    TellSession,
    recorded,
)
from headrace.console.api import create_api
from headrace.console.application import Console, create_console
from headrace.console.local import local_operator
from headrace.console.metrics import Metrics, health_routes, metrics_route
from headrace.console.page import form_of, principal_of, redirect, render, url_of
from headrace.console.section import Entry, Section
from headrace.console.services import service_routes

__all__ = [
    "Access",
    "Authenticate",
    "Console",
    "Entry",
    "Metrics",
    "Principal",
    "Problem",
    "ProblemError",
    "Role",
    "Section",
    "SessionChange",
    "SessionPolicy",
    "TellSession",
    "create_api",
    "create_console",
    "form_of",
    "health_routes",
    "local_operator",
    "metrics_route",
    "principal_of",
    "recorded",
    "redirect",
    "render",
    "service_routes",
    "url_of",
]
