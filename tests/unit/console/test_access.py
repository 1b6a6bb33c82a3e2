import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import ConfigurationError
from headrace.console.access.attempts import Attempts
from headrace.console.access.principal import AREAS, ROLES, Principal
from headrace.console.access.secret import hash_of, new_token
from headrace.console.access.target import safe_target
from headrace.console.extra import require_installed
from headrace.web.origin import is_foreign


def test_each_role_may_what_those_before_it_may():
    may = {role: [need for need in ROLES if Principal("ada", role).may(need)] for role in ROLES}
    assert may == {"viewer": ["viewer"], "operator": ["viewer", "operator"], "admin": ["viewer", "operator", "admin"]}


def test_a_scope_restricts_to_its_areas_and_none_to_nothing():
    scoped = Principal("ci", "operator", frozenset({"jobs"}))
    assert [area for area in AREAS if scoped.may("viewer", area)] == ["jobs"]
    assert not scoped.may("admin", "jobs")
    assert all(Principal("ci", "operator").may("operator", area) for area in AREAS)


@pytest.mark.parametrize("wrong", [{"role": "root"}, {"scopes": frozenset({"all"})}, {"name": ""}, {"name": "a\r\nb"}])
def test_a_principal_that_cannot_be_is_refused(wrong: dict):
    with pytest.raises(ConfigurationError):
        Principal(**{"name": "ada", "role": "viewer", **wrong})


def test_a_token_is_known_by_its_prefix_and_stored_as_a_hash():
    token = new_token()
    assert token.startswith("hr_")
    assert len(hash_of(token)) == 32
    assert hash_of(token) != hash_of(new_token())
    assert [hash_of(text) for text in ("", "é", "x" * 201)] == [None] * 3


def test_attempts_are_counted_for_each_address_and_come_back():
    seconds = [0.0]
    attempts = Attempts(most=2, in_all=5, seconds=lambda: seconds[0])
    assert [attempts.take("a") for _ in range(3)] == [0, 0, 30]
    assert [attempts.take("b") for _ in range(2)] == [0, 0]
    assert attempts.take("c") == 0
    assert attempts.take("d") == 12  # all addresses together have used theirs
    seconds[0] = 60.0
    assert [attempts.take("a") for _ in range(3)] == [0, 0, 30]


def test_attempts_of_ever_new_addresses_need_no_more_memory():
    attempts = Attempts(most=1, in_all=10**9, seconds=lambda: 0.0)
    for number in range(10_100):
        attempts.take(str(number))
    assert len(attempts._buckets) == 10_000
    assert None in attempts._buckets


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://ops.example.com"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "SAME-ORIGIN "}, True),
        ({"origin": "https://ops.example.com"}, False),
        ({"origin": "https://ops.example.com:8443"}, True),
        ({"origin": "https://evil.example.com"}, True),
        ({"origin": "null"}, True),
        ({"origin": "https://ops.example.com.evil.org"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "https://trusted.example.com"}, False),
    ],
)
def test_what_a_page_of_another_site_sends_is_told_by_its_headers(headers: dict, foreign: bool):
    sent = {"host": "ops.example.com", **headers}
    assert is_foreign(sent, trusted={"https://trusted.example.com"}) is foreign


@pytest.mark.parametrize(
    "elsewhere",
    [
        None,
        "",
        "https://evil.org/",
        "//evil.org",
        "/\\evil.org",
        "\\\\evil.org",
        "/\t/evil.org",
        "/jobs\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "jobs",
        "/" + "x" * 3000,
    ],
)
def test_nobody_is_sent_to_another_site_after_logging_in(elsewhere: str | None):
    assert safe_target(elsewhere, default="/home") == "/home"


@given(st.text(max_size=60))
def test_whatever_is_wanted_the_target_is_a_path_here_that_can_stand_in_a_header(wanted: str):
    target = safe_target(wanted, default="/")
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
    assert target.isascii()
    assert target.isprintable()


def test_a_path_with_its_query_is_kept():
    assert safe_target("/ops/jobs?state=dead&kind=é", default="/") == "/ops/jobs?state=dead&kind=%C3%A9"


def test_it_is_told_what_to_install_where_the_extra_is_missing():
    with pytest.raises(ConfigurationError, match=r"needs no_such_framework, .*headrace\[console\]"):
        require_installed(["starlette", "no_such_framework"])
