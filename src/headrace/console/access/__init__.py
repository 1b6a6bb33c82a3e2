"""Who comes in over HTTP and how far: tokens, sessions, roles, and what keeps other sites out."""

from headrace.console.access.access import COOKIE, Access, SessionChange, TellSession
from headrace.console.access.body import BodyLimit, read_form
from headrace.console.access.headers import SecurityHeaders
from headrace.console.access.log_in import LogInForm, LogInPage, log_in_routes
from headrace.console.access.origin import OriginGuard
from headrace.console.access.principal import AREAS, ROLES, Authenticate, Principal, Role
from headrace.console.access.problem import Problem, ProblemError, unauthenticated
from headrace.console.access.recording import Key, Recorded, RequestRecord, list_requests, recorded
from headrace.console.access.sessions import SessionPolicy
from headrace.console.access.target import safe_target
from headrace.console.access.tokens import ApiToken, create_token, find_token, list_tokens, revoke_token

__all__ = [
    "AREAS",
    "COOKIE",
    "ROLES",
    "Access",
    "ApiToken",
    "Authenticate",
    "BodyLimit",
    "Key",
    "LogInForm",
    "LogInPage",
    "OriginGuard",
    "Principal",
    "Problem",
    "ProblemError",
    "Recorded",
    "RequestRecord",
    "Role",
    "SecurityHeaders",
    "SessionChange",
    "SessionPolicy",
    "TellSession",
    "create_token",
    "find_token",
    "list_requests",
    "list_tokens",
    "log_in_routes",
    "read_form",
    "recorded",
    "revoke_token",
    "safe_target",
    "unauthenticated",
]
