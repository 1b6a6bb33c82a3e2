import pytest

from headrace_crm.enrichment.corroboration import corroborated
from headrace_crm.enrichment.handles import ASK_FROM, find_handles, read_linkedin_url, read_x_handle, surest
from headrace_crm.enrichment.merge import FACT
from headrace_crm.enrichment.profile import Handle


def found(text: str = "", signature: str = "", name: str = "Ada Byron") -> dict[tuple[str, str], float]:
    handles = find_handles(text, signature, name=name, evidence="message 1")
    return {(each.network, each.handle): round(each.confidence, 2) for each in handles}


@pytest.mark.parametrize(
    ("line", "handle"),
    [
        ("https://x.com/Ada_B", ("x", "ada_b")),
        ("twitter.com/ada_b/", ("x", "ada_b")),
        ("Mill Street 5 | https://www.twitter.com/#!/ada_b | +44 20 7946 0000", ("x", "ada_b")),
        ("Twitter: @ada_b", ("x", "ada_b")),
        ("T 7946 0000 | X @ada_b", ("x", "ada_b")),
        ("https://uk.linkedin.com/in/ada-byron-12345", ("linkedin", "ada-byron-12345")),
        ("<https://www.linkedin.com/in/Ada-Byron/?trk=sig>", ("linkedin", "ada-byron")),
    ],
)
def test_a_link_or_label_in_a_signature_is_sure_enough_to_be_asked_about(line: str, handle: tuple[str, str]):
    handles = found(signature=f"-- \nAda Byron\n{line}")
    assert set(handles) == {handle}
    assert handles[handle] >= ASK_FROM


@pytest.mark.parametrize(
    "line",
    [
        "https://netflix.com/title",
        "https://notx.com/ada_b",
        "ada@x.com",
        "https://x.com/ada_b/status/12345",
        "https://x.com/intent/tweet",
        "https://x.com/search?q=mills",
        "https://x.com/a_handle_longer_than_fifteen",
        "https://www.linkedin.com/company/mill",
        "LinkedIn: Ada Byron",
        "max: @ada.b",
        "Fax: +44 20 7946 0001",
    ],
)
def test_what_only_looks_like_a_handle_is_none(line: str):
    assert found(signature=f"-- \n{line}") == {}


def test_a_name_after_an_at_alone_is_kept_and_not_asked_about():
    assert found(signature="-- \nAda\n@adabyron") == {("x", "adabyron"): 0.5}


def test_a_link_in_the_text_may_be_anybodys():
    assert found("Have you read https://x.com/mill_news ?") == {("x", "mill_news"): 0.4}
    own = found("Find me at https://x.com/adabyron and linkedin.com/in/ada-byron-1")
    assert min(own.values()) >= ASK_FROM
    lines = "\n".join(["https://x.com/adabyron", *["more"] * 30])
    assert found(lines) == {}


def test_a_handle_is_as_sure_as_its_best_place():
    assert found("See https://x.com/ada_b", "-- \nhttps://x.com/ada_b") == {("x", "ada_b"): 0.9}
    assert surest([Handle("x", "a", 0.1, "1"), Handle("x", "b", 0.5, "2"), Handle("x", "a", 0.6, "3")]) == [
        Handle("x", "a", 0.6, "3"),
        Handle("x", "b", 0.5, "2"),
    ]


@pytest.mark.parametrize(
    ("text", "handle"),
    [("Ada_B", "ada_b"), ("@ada", "ada"), ("https://twitter.com/Ada", "ada"), ("ada byron", None), ("", None)],
)
def test_a_handle_is_read_out_of_what_a_provider_gives(text: str, handle: str | None):
    assert read_x_handle(text) == handle


@pytest.mark.parametrize(
    ("text", "path"), [("linkedin.com/in/Ada-B", "ada-b"), ("https://linkedin.com/company/mill", None), ("ada", None)]
)
def test_a_profile_is_read_out_of_what_a_provider_gives(text: str, path: str | None):
    assert read_linkedin_url(text) == path


@pytest.mark.parametrize(
    ("account", "is_fact"),
    [("Ada Byron", True), ("ADA B.", True), ("Countess", True), ("", True), ("Mill Weekly News", False)],
)
def test_what_an_account_of_another_name_says_is_no_fact(account: str, is_fact: bool):
    sureness = corroborated(0.9, contact_name="Ada Byron", account_name=account)
    assert (sureness >= FACT) == is_fact
    assert sureness <= 0.9
