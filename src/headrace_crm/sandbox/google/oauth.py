"""Google's OAuth 2.0 endpoints: authorise, token, revoke (RFC 6749, 7009, 7636) as Google answers them."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from headrace_crm.sandbox.answer import Answer, json_answer
from headrace_crm.sandbox.faults import AT_THE_METHOD, Faults
from headrace_crm.sandbox.google.accounts import Accounts
from headrace_crm.sandbox.google.consent import consent_page, error_page, redirection
from headrace_crm.sandbox.google.grants import CodeRequest, Grant
from headrace_crm.sandbox.google.identity import identity_claims

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_UNCACHED: Final = (("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"), ("Pragma", "no-cache"))


class OAuth:
    """The three endpoints as functions of what they are sent."""

    def __init__(self, accounts: Accounts, *, faults: Faults) -> None:
        self._accounts = accounts
        self._faults = faults

    def authorize(self, asked: Mapping[str, str]) -> Answer:  # noqa: PLR0911 - one a way out
        """Sends the browser back with a code or an error, or shows the form for it.

        An error that concerns the redirect address itself is a page, never a redirect.
        """
        rules = self._accounts.rules
        uri = asked.get("redirect_uri", "")
        if asked.get("client_id") != rules.client_id:
            return _page(error_page("invalid_client", "The OAuth client was not found."), 401)
        if not (_is_loopback(uri) or uri in rules.redirect_uris):
            return _page(error_page("redirect_uri_mismatch", f"The redirect URI {uri} is not registered."), 400)
        scopes = frozenset(asked.get("scope", "").split())
        if problem := _problem(asked, scopes):
            return _page(error_page(*problem), 400)
        decision, email = asked.get("sandbox_decision"), asked.get("sandbox_account") or asked.get("login_hint")
        if decision == "deny":
            return _redirect(redirection(uri, error="access_denied", state=asked.get("state")))
        emails = self._accounts.emails
        if decision is None and not rules.is_approving:
            return _page(consent_page(asked, emails=emails, scopes=scopes), 200)
        if not email and emails:
            email = emails[0]
        if not email or self._accounts.mailbox(email) is None:
            return _page(error_page("invalid_request", f"There is no account {email or ''}."), 400)
        code = self._code(asked, email.lower(), scopes, has_consented=asked.get("prompt") == "consent")
        return _redirect(
            redirection(uri, state=asked.get("state"), code=code, scope=" ".join(sorted(scopes)), authuser="0")
        )

    def token(self, form: Mapping[str, str]) -> Answer:
        """Exchanges a code or a refresh token."""
        fault = self._faults.draw("oauth.token", among=AT_THE_METHOD)
        if fault is not None and fault.kind == "error":
            return json_answer({"error": "internal_failure"}, status=fault.status)
        if fault is not None and fault.kind == "rate-limit":
            return json_answer({"error": "rate_limit_exceeded"}, status=429)
        rules = self._accounts.rules
        client = form.get("client_id"), form.get("client_secret")
        if client != (rules.client_id, rules.client_secret):
            return _refused("invalid_client", "The OAuth client was not found.", status=401)
        with self._accounts.lock:
            match form.get("grant_type"):
                case "authorization_code":
                    return self._exchanged(form)
                case "refresh_token":
                    return self._refreshed(form)
                case other:
                    return _refused("unsupported_grant_type", f"Invalid grant_type: {other or ''}")

    def revoke(self, token: str) -> Answer:
        """Ends the grant behind a token, access or refresh."""
        with self._accounts.lock:
            if self._accounts.grants.revoke(token):
                return json_answer({})
        return _refused("invalid_token", "Token expired or revoked")

    def _code(self, asked: Mapping[str, str], email: str, scopes: frozenset[str], *, has_consented: bool) -> str:
        request = CodeRequest(
            email=email,
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            scopes=scopes,
            challenge=asked.get("code_challenge"),
            is_offline=asked.get("access_type") == "offline",
            has_consented=has_consented,
            nonce=asked.get("nonce"),
        )
        with self._accounts.lock:
            return self._accounts.grants.issue_code(request, lifetime=self._accounts.rules.code_lifetime)

    def _exchanged(self, form: Mapping[str, str]) -> Answer:
        redeemed = self._accounts.grants.redeem_code(
            form.get("code", ""),
            client_id=form["client_id"],
            redirect_uri=form.get("redirect_uri", ""),
            verifier=form.get("code_verifier"),
        )
        if redeemed is None:
            return _refused("invalid_grant", "Bad Request")
        grant, request = redeemed
        more: dict[str, Any] = {} if grant.refresh_token is None else {"refresh_token": grant.refresh_token}
        return self._tokens(grant, more, nonce=request.nonce)

    def _refreshed(self, form: Mapping[str, str]) -> Answer:
        rules = self._accounts.rules
        grant = self._accounts.grants.refresh(
            form.get("refresh_token", ""),
            client_id=form["client_id"],
            lifetime=rules.refresh_token_lifetime,
            is_rotating=rules.is_rotating,
        )
        if grant is None:
            return _refused("invalid_grant", "Token has been expired or revoked.")
        return self._tokens(grant, {"refresh_token": grant.refresh_token} if rules.is_rotating else {})

    def _tokens(self, grant: Grant, more: dict[str, Any], *, nonce: str | None = None) -> Answer:
        lifetime = self._accounts.rules.access_token_lifetime
        answer = {
            "access_token": self._accounts.grants.issue_access(grant, lifetime=lifetime),
            "expires_in": int(lifetime.total_seconds()),
            "scope": " ".join(sorted(grant.scopes)),
            "token_type": "Bearer",
            **more,
        }
        if "openid" in grant.scopes:
            answer["id_token"] = self._accounts.keys.sign(self._identity(grant, nonce))
        return json_answer(answer, headers=_UNCACHED)

    def _identity(self, grant: Grant, nonce: str | None) -> dict[str, Any]:
        claims = identity_claims(
            email=grant.email, audience=grant.client_id, party=grant.client_id, now=self._accounts.clock.real_now()
        )
        return claims if nonce is None else {**claims, "nonce": nonce}


def _problem(asked: Mapping[str, str], scopes: frozenset[str]) -> tuple[str, str] | None:
    if asked.get("response_type") != "code":
        return "unsupported_response_type", "Only response_type=code is known here."
    if not scopes:
        return "invalid_request", "Missing required parameter: scope"
    if "code_challenge" in asked and asked.get("code_challenge_method", "plain") != "S256":
        return "invalid_request", "The sandbox takes S256 code challenges only."
    return None


def _is_loopback(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK


def _refused(error: str, description: str, *, status: int = 400) -> Answer:
    return json_answer({"error": error, "error_description": description}, status=status, headers=_UNCACHED)


def _page(html: str, status: int) -> Answer:
    return Answer(status, html.encode(), (("Content-Type", "text/html; charset=utf-8"), *_UNCACHED))


def _redirect(location: str) -> Answer:
    return Answer(302, b"", (("Location", location), *_UNCACHED))
