from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_crm.enrichment.merge import FACT, Statement, changed_fields, merge, merged_hash, rank
from headrace_crm.enrichment.profile import FIELDS, Claim, Profile, claim_texts, content_hash

DAY = datetime(2031, 5, 1, tzinfo=UTC)
SOURCES = ("user", "signature", "x", "pdl", "clearbit")

claims = st.dictionaries(
    st.sampled_from(FIELDS),
    st.builds(Claim, st.sampled_from(["Harbour", "Mill", "River"]), st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.7, 1.0])),
)
statements = st.lists(
    st.builds(
        Statement,
        st.sampled_from(SOURCES),
        claims,
        st.integers(0, 3).map(lambda days: DAY + timedelta(days=days)),
    ),
    max_size=5,
    unique_by=lambda each: each.source,
)


def said(source: str, title: str, confidence: float = 0.9, days: int = 0) -> Statement:
    return Statement(source, {"title": Claim(title, confidence)}, DAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (said("user", "Miller", 0.1), said("pdl", "Smith", 1.0, days=9)),
        (said("pdl", "Miller", 0.5), said("signature", "Smith", 1.0, days=9)),
        (said("x", "Miller", 0.9), said("pdl", "Smith", 0.8, days=9)),
        (said("x", "Miller", 0.8, days=1), said("pdl", "Smith", 0.8)),
    ],
    ids=["user beats provider", "provider beats inferred", "surer beats newer", "newer beats older"],
)
def test_the_better_claim_wins_whichever_comes_first(one: Statement, other: Statement):
    assert merge([one, other]) == merge([other, one])
    assert merge([one, other])["title"].value == "Miller"
    assert merge([one, other])["title"].source == one.source


def test_a_guess_is_no_fact_even_where_nobody_says_otherwise():
    assert merge([said("x", "Smith", FACT - 0.01)]) == {}
    assert merge([said("x", "Smith", FACT)])["title"].value == "Smith"


@settings(max_examples=50)
@given(statements, st.randoms())
def test_the_order_of_sources_does_not_matter(found: list[Statement], chance):
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert merge(shuffled) == merge(found)


@settings(max_examples=50)
@given(statements)
def test_every_field_is_of_the_highest_rank_that_is_sure_of_it(found: list[Statement]):
    for name, field in merge(found).items():
        spoken = [
            each
            for each in found
            if name in each.claims and (each.source == "user" or each.claims[name].confidence >= FACT)
        ]
        assert rank(field.source) == max(rank(each.source) for each in spoken)
        assert field.value == next(each for each in spoken if each.source == field.source).claims[name].value


@settings(max_examples=50)
@given(statements)
def test_saying_the_same_again_later_changes_nothing(found: list[Statement]):
    again = [Statement(each.source, each.claims, each.fetched_at + timedelta(days=90)) for each in found]
    before, after = merge(found), merge(again)
    assert merged_hash(before) == merged_hash(after)
    assert changed_fields(before, after) == ()


@settings(max_examples=50)
@given(statements, statements)
def test_the_hash_differs_exactly_where_a_field_does(one: list[Statement], other: list[Statement]):
    before, after = merge(one), merge(other)
    assert (merged_hash(before) == merged_hash(after)) == (changed_fields(before, after) == ())


@settings(max_examples=50)
@given(claims)
def test_the_order_of_claims_does_not_change_their_hash(found):
    assert content_hash(dict(reversed(found.items()))) == content_hash(found)


def test_a_confidence_beyond_certain_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        Profile({"name": Claim("Ada Byron", 1.1)})


def test_what_says_nothing_is_no_claim():
    found = claim_texts(
        0.8,
        {"name": " Ada\0 Byron ", "title": "  ", "organisation": None, "topics": [], "followers": 0, "bio": True},
    )
    assert found == {"name": Claim("Ada Byron", 0.8), "followers": Claim(0, 0.8)}
    assert claim_texts(1, {"topics": ["mills", "", 7, "rivers"]})["topics"].value == ("mills", "rivers")
    assert len(claim_texts(1, {"bio": "x" * 9_000})["bio"].value) == 2_000
