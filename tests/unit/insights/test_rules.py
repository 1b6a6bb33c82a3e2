"""What holds for all rules together."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fix_pictures import ADA, NOW, OWNER, chat, letter, picture
from headrace_crm.insights.going_cold import going_cold
from headrace_crm.insights.introductions import names_wanted
from headrace_crm.insights.meeting_day import day_named_in
from headrace_crm.insights.model import KINDS, Acquaintance, Contact, PositionChange, Role
from headrace_crm.insights.question import is_closing, question_in
from headrace_crm.insights.rules import find
from headrace_crm.insights.signature import role_in, roles

WEEKLY = chat(*range(27, 90, 7))
texts = st.sampled_from(
    ["", "Could you look?", "Thanks!", "Please introduce me to Grace Hull.", "Lunch on Tuesday?", "A long story."]
)
letters = st.builds(
    letter,
    st.floats(0.01, 400),
    st.sampled_from(["sent", "received"]),
    thread=st.integers(1, 5),
    number=st.integers(1, 10_000),
    text=texts,
    subject=texts,
    is_direct=st.booleans(),
    to_count=st.integers(1, 5),
    sender=st.sampled_from(["ada@mill.example", "ada@old.example"]),
)
some = st.lists(letters, max_size=25, unique_by=lambda each: each.message_id)


def kinds(of, now=NOW):
    return {each.kind: each for each in find(of, now=now)}


@given(some, st.randoms())
def test_the_same_letters_give_the_same_findings_in_any_order(given_letters, random):
    shuffled = list(given_letters)
    random.shuffle(shuffled)
    base = picture(*given_letters)
    found = find(base, now=NOW)
    assert find(replace(base, letters=tuple(shuffled)), now=NOW) == found
    assert len({each.key for each in found}) == len(found)
    for each in found:
        assert each.kind in KINDS
        assert 0 <= each.score <= 1
        assert each.message_ids
        assert set(each.message_ids) <= {one.message_id for one in given_letters}


@given(some)
def test_bulk_mail_and_the_owners_own_address_yield_nothing(given_letters):
    bulk = [replace(each, is_for_people=False) for each in given_letters]
    assert find(picture(*bulk), now=NOW) == ()
    own = replace(ADA, addresses=ADA.addresses | OWNER)
    assert find(picture(*given_letters, contact=own), now=NOW) == ()


@given(some, some)
def test_bulk_mail_beside_letters_changes_nothing(given_letters, others):
    numbers = {each.message_id for each in given_letters}
    bulk = [replace(each, is_for_people=False) for each in others if each.message_id not in numbers]
    base = picture(*given_letters)
    assert find(replace(base, letters=(*base.letters, *bulk)), now=NOW) == find(base, now=NOW)


@given(some, st.floats(0, 700), st.floats(0, 700))
def test_going_cold_never_falls_while_the_silence_goes_on_until_it_is_a_year(given_letters, one, other):
    base = picture(*given_letters)
    earlier, later = sorted((NOW + timedelta(days=one), NOW + timedelta(days=other)))
    before, after = going_cold(base, now=earlier), going_cold(base, now=later)
    if before and after:
        assert after[0].score >= before[0].score
        assert after[0].fingerprint == before[0].fingerprint
    elif before:
        assert later - base.letters[-1].sent_at >= timedelta(days=365)


def test_somebody_is_going_cold_by_the_rhythm_of_the_two():
    found = kinds(picture(*WEEKLY))["going_cold"]
    assert found.text == "You and Ada Mill have not written for 27 days; you usually do every 7 days"
    assert found.numbers == {"silent_days": 27, "usual_days": 7, "gaps": 8}
    monthly = chat(*range(27, 400, 30))
    assert "going_cold" not in kinds(picture(*monthly))
    assert "going_cold" in kinds(picture(*monthly), now=NOW + timedelta(days=60))
    # One way is no relationship, and four occasions are no rhythm.
    assert kinds(picture(*(each for each in WEEKLY if each.direction == "received"))) == {}
    assert kinds(picture(*WEEKLY[-8:])) == {}


def test_who_waits_for_an_answer_is_not_said_to_go_cold():
    found = kinds(picture(*WEEKLY, letter(26.5, "received", text="Could you look at it?")))
    assert set(found) == {"unanswered_question"}


def test_a_new_role_in_signatures_is_news_for_three_months():
    old, new = (
        Role("Miller, Low Weir", 5, NOW - timedelta(days=300)),
        Role("Director, Heron", 9, NOW - timedelta(days=20)),
    )
    found = kinds(picture(*chat(20), roles=(old, new)))["changed_role"]
    assert found.text == "Ada Mill is now Director, Heron; before: Miller, Low Weir"
    assert found.message_ids == (5, 9)
    assert "changed_role" not in kinds(picture(*chat(20), roles=(old, new)), now=NOW + timedelta(days=80))
    assert "changed_role" not in kinds(picture(*chat(20), roles=(new,)))
    known = PositionChange("Heron", "Otter", "message 7", NOW - timedelta(days=3))
    assert kinds(picture(*chat(20), roles=(old,), positions=(known,)))["changed_role"].message_ids == (7,)
    assert kinds(picture(*chat(20), roles=(old, new), positions=(known,)))["changed_role"] == found


def test_a_new_address_is_told_once_the_old_one_is_used_no_more():
    old = [letter(each, "received", thread=2, sender="ada@old.example") for each in (300, 200, 150)]
    new = [letter(each, "received", thread=3) for each in (40, 30)]
    found = kinds(picture(*old, *new))["changed_address"]
    assert found.text == "Ada Mill now writes from ada@mill.example, and no more from ada@old.example"
    again = letter(35, "received", thread=2, sender="ada@old.example")
    assert "changed_address" not in kinds(picture(*old, *new, again))
    assert "changed_address" not in kinds(picture(*old[1:], *new))
    assert "changed_address" not in kinds(picture(*old, *new[:1]))


def test_after_a_meeting_somebody_should_write():
    invited = letter(6, "received", subject="Lunch on Friday?", text="Does it suit you?")
    agreed = letter(5.5, "sent", text="Friday is fine.")
    found = kinds(picture(invited, agreed))["meeting_follow_up"]
    assert found.text.startswith("You were to meet Ada Mill on 2026-02-27 (\u201cLunch on Friday?\u201d)")
    assert found.numbers == {"days_since": 3}
    for others in (
        [invited],
        [invited, agreed, letter(2, "received", text="Nice to see you.")],
        [invited, agreed, letter(4.5, "received", text="I have to cancel, sorry.")],
        [invited, replace(agreed, text="Thursday week is fine: 12 March.")],
    ):
        assert "meeting_follow_up" not in kinds(picture(*others))
    assert "meeting_follow_up" not in kinds(picture(invited, agreed), now=NOW + timedelta(days=9))


def test_an_introduction_that_was_asked_for_is_told_until_it_was_made():
    asked = letter(5, "received", text="Could you introduce me to Grace Hull? She mends boats.")
    grace = Contact(ADA.id.__class__(int=2), "Grace Hull", frozenset({"grace@boats.example"}))
    found = kinds(picture(*chat(50), asked, known={"grace hull": Acquaintance(grace, None)}))["introduction"]
    assert found.text == "Ada Mill asked to be introduced to Grace Hull, whom you know"
    made = Acquaintance(grace, NOW - timedelta(days=4))
    assert "introduction" not in kinds(picture(*chat(50), asked, known={"grace hull": made}))
    assert "introduction" not in kinds(picture(*chat(50), asked))
    assert "unanswered_question" in kinds(picture(*chat(50), asked))
    assert "unanswered_question" not in kinds(
        picture(*chat(50), asked, known={"grace hull": Acquaintance(grace, None)})
    )


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Hey Ada,\n\nShall we share a taxi?", "Shall we share a taxi?"),
        ("Kyoto, really? You must tell me everything.", None),
        ("See https://x.example/?a=b for it.", None),
        ("How is it going? All fine here.", None),
        (
            "\u6765\u9031\u306e\u91d1\u66dc\u65e5\u306f\u3044\u304b\u304c\u3067\u3059\u304b\uff1f",
            "\u6765\u9031\u306e\u91d1\u66dc\u65e5\u306f\u3044\u304b\u304c\u3067\u3059\u304b\uff1f",
        ),
        ("Ok?", None),
        ('Is v2.6 "done?" I doubt it.', 'Is v2.6 "done?'),
        ("x" * 200_000 + " and you?", "x" * 139 + "\u2026"),
        ("", None),
    ],
)
def test_questions_are_found_in_what_people_write(text, asked):
    assert question_in(text) == asked


def test_a_long_text_with_thanks_in_it_ends_nothing():
    assert is_closing("Thanks, all settled then.")
    assert not is_closing("Thanks for the letter. " + "The wheel turns slower than it did before the flood. " * 5)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("on Monday", date(2026, 3, 9)),
        ("tomorrow at 9", date(2026, 3, 3)),
        ("am 12. März", date(2026, 3, 12)),
        ("March 12th, or rather 2026-03-14", date(2026, 3, 14)),
        ("le 5 janvier", date(2027, 1, 5)),
        ("since 2025-12-01", None),
        ("31 February", None),
        ("May I?", None),
    ],
)
def test_days_are_read_from_when_they_were_written(text, day):
    assert day_named_in(text, written_on=date(2026, 3, 2)) == day


def test_roles_are_read_below_the_authors_own_name_only():
    assert role_in("Ada Mill\nMiller, Low Weir\nhttps://x", name="Ada Mill") == "Miller, Low Weir"
    for other in (
        "Bo Other\nMiller, Low Weir",
        "Ada Mill\n+1 202 555 0101",
        "Ada Mill\nada@mill.example",
        "Ada Mill",
        "",
    ):
        assert role_in(other, name="Ada Mill") is None
    signed = [
        (NOW - timedelta(days=n), n, f"Ada Mill\n{role}") for n, role in ((9, "Miller"), (5, "miller"), (1, "Baker"))
    ]
    assert [each.text for each in roles(signed, name="Ada Mill")] == ["Miller", "Baker"]


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "text", ["x" * 20_000, "? " * 10_000, "\n" * 20_000, "Ab " * 7_000, "introduce me to " * 1_000, "1 " * 9_000]
)
def test_hostile_texts_are_read_in_no_time(text):
    question_in(text)
    is_closing(text)
    day_named_in(text, written_on=date(2026, 3, 2))
    find(picture(letter(5, "received", text=text, subject=text), letter(4, "sent", text=text)), now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "Introduce me to Grace Hull.",
        "May I have an introduction to Grace Hull?",
        "Please put us in touch with Grace Hull",
        "Get me in touch with Grace Hull",
        "Connect me with Grace Hull.",
        "Have you got a contact of Grace Hull?",
        "Hast du einen Kontakt zu Grace Hull?",
        "Kannst du mich vorstellen bei Grace Hull?",
        "Me pr\u00e9senter \u00e0 Grace Hull ?",
        "Me mettre en contact avec Grace Hull ?",
    ],
)
def test_introductions_are_asked_for_in_many_words(text):
    assert names_wanted(text) == ("grace hull",)
    assert names_wanted(text.replace("Grace Hull", "grace, the one with the hull")) == ()
