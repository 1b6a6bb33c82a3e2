"""Decides what a call of the Gmail API is answered: who asks, what it costs, what fails on purpose, the method."""

from headrace_crm.sandbox.answer import Answer
from headrace_crm.sandbox.counters import Counters
from headrace_crm.sandbox.faults import AT_THE_METHOD, Fault, Faults
from headrace_crm.sandbox.google.accounts import Accounts
from headrace_crm.sandbox.google.call import Asked, Call
from headrace_crm.sandbox.google.grants import Grant
from headrace_crm.sandbox.google.mailbox import Mailbox
from headrace_crm.sandbox.google.methods.table import STANDARD, Method, methods
from headrace_crm.sandbox.google.refusal import broken, exhausted, forbidden, invalid, not_found, unauthenticated

_UNKNOWN = "gmail.unknown"


class Gmail:
    """Answers calls, alone or as parts of a batch, and counts them."""

    def __init__(self, accounts: Accounts, *, counters: Counters, faults: Faults) -> None:
        self._accounts = accounts
        self._counters = counters
        self._faults = faults
        self.methods = methods(clock=accounts.clock, watches=accounts.watches)

    def answer(self, call: Call) -> tuple[str, Answer]:
        """The method's name, and its answer. Errors of every kind are answers too."""
        method, names = self._find(call)
        name = _UNKNOWN if method is None else method.name
        answer = not_found("Not Found") if method is None else self._admitted(method, names, call)
        self._counters.answered(name, answer.status)
        return name, answer

    def _find(self, call: Call) -> tuple[Method | None, dict[str, str]]:
        for method in self.methods:
            if method.verb == call.verb and (match := method.pattern.fullmatch(call.path)):
                return method, match.groupdict()
        return None, {}

    def _admitted(self, method: Method, names: dict[str, str], call: Call) -> Answer:
        with self._accounts.lock:
            fault = self._faults.draw(method.name, among=AT_THE_METHOD)
            token = call.bearer or ""
            if fault is not None and fault.kind == "expire-token":
                self._accounts.grants.expire_access(token)
            grant = self._accounts.grants.accessing(token)
            mailbox = None if grant is None else self._accounts.mailbox(grant.email)
            if grant is None or mailbox is None:
                return unauthenticated()
            if fault is not None and (failed := _failed(fault, mailbox)):
                return failed
            refused = self._refused(method, grant, names, call) or self._metered(method, mailbox)
        if refused is not None:
            return refused
        with mailbox.lock:
            return method.handler(Asked(mailbox, grant, self._accounts.rules, call, names))

    def _refused(self, method: Method, grant: Grant, names: dict[str, str], call: Call) -> Answer | None:
        if names["userId"] not in {"me", grant.email}:
            return forbidden(f"Delegation denied for {grant.email}")
        if method.scopes.isdisjoint(grant.scopes):
            return forbidden()
        for parameter in call.query:
            if parameter not in method.parameters and parameter not in STANDARD:
                return invalid(
                    f'Invalid JSON payload received. Unknown name "{parameter}": Cannot bind query parameter. '
                    f"Field '{parameter}' could not be found in request message."
                )
        return None

    def _metered(self, method: Method, mailbox: Mailbox) -> Answer | None:
        rules = self._accounts.rules
        wait = self._accounts.charge(mailbox.email, rules.units_of(method.name))
        if wait is None:
            return None
        reason = "rateLimitExceeded" if rules.quota_status == 429 else "userRateLimitExceeded"  # noqa: PLR2004
        return exhausted(rules.quota_status, reason=reason, retry_after=wait)


def _failed(fault: Fault, mailbox: Mailbox) -> Answer | None:
    match fault.kind:
        case "rate-limit":
            return exhausted(429, reason="rateLimitExceeded", retry_after=fault.retry_after)
        case "error":
            return broken(fault.status)
        case "lose-history":
            mailbox.lose_history()
        case _:
            pass
    return None
