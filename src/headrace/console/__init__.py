"""The operator's console: access, the HTTP API, metrics and health, as ASGI applications to mount in any other.

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
    SessionPolicy,
    recorded,
)
from headrace.console.api import create_api

__all__ = [
    "Access",
    "Authenticate",
    "Principal",
    "Problem",
    "ProblemError",
    "Role",
    "SessionPolicy",
    "create_api",
    "recorded",
]
