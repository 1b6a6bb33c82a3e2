import pytest

from fix_pictures import NOW, chat, letter, picture
from headrace_crm.insights.rules import find

KNOWN = chat(80, 70, 60.5)


def kinds(of):
    return {each.kind: each for each in find(of, now=NOW)}


def test_a_question_waits_for_the_owner_and_the_answer_ends_it():
    asked = letter(5, "received", subject="Gearbox", text="Hi,\n\nHere it is. Could you\nlook at it before Friday?")
    found = kinds(picture(*KNOWN, asked))["unanswered_question"]
    assert found.text == "Ada Mill asked 5 days ago in \u201cGearbox\u201d: Could you look at it before Friday?"
    assert found.message_ids == (asked.message_id,)
    assert found.numbers["waited_days"] == 5
    assert "unanswered_question" not in kinds(picture(*KNOWN, asked, letter(4, "sent")))
    # An answer elsewhere is one too, and so is somebody else's in the thread.
    assert "unanswered_question" not in kinds(picture(*KNOWN, asked, letter(4, "sent", thread=77)))
    others = {1: NOW - (NOW - asked.sent_at) / 2}
    assert "unanswered_question" not in kinds(picture(*KNOWN, asked, threads=others))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"is_direct": False}, "the owner is in copy only"),
        ({"to_count": 4}, "nobody in particular is asked"),
        ({"text": "Thank you, see you on Monday!"}, "it ends the talk"),
        ({"text": ""}, "there is nothing to answer"),
        ({"is_for_people": False, "text": "Will you buy?"}, "a machine asks"),
    ],
)
def test_what_waits_for_nobody_is_not_told(options, why):
    options.setdefault("text", "Could you look at it?")
    assert set(kinds(picture(*KNOWN, letter(5, "received", **options)))) <= {"going_cold"}, why


def test_strangers_are_owed_nothing():
    assert kinds(picture(letter(9, "received", thread=2), letter(5, "received", text="Will you buy?"))) == {}


@pytest.mark.parametrize(("days_ago", "is_told"), [(0.5, False), (1.5, True), (59, True), (61, False)])
def test_a_question_has_a_day_and_two_months(days_ago, is_told):
    asked = letter(days_ago, "received", text="Could you look at it?")
    assert ("unanswered_question" in kinds(picture(*chat(90, 80, 70), asked))) == is_told


def test_a_letter_without_a_question_is_owed_an_answer_where_the_owner_usually_answers():
    told = letter(5, "received", text="I finally moved, and the roof of the new house leaks in three places.")
    assert "owes_reply" in kinds(picture(*KNOWN, told))
    silent = [letter(each, "received", thread=round(each)) for each in (80, 70, 60)]
    assert "owes_reply" not in kinds(picture(letter(90, "sent", thread=9), *silent, told))


def test_the_owner_waits_for_somebody_who_answers_else():
    answered = [
        each
        for number, days_ago in enumerate((80, 70, 60))
        for each in (letter(days_ago, "sent", thread=50 + number), letter(days_ago - 1, "received", thread=50 + number))
    ]
    asked = letter(5, "sent", subject="Budget", text="Did the bank agree?")
    found = kinds(picture(*answered, asked))["waiting_for_reply"]
    assert found.text == ("Ada Mill has not answered \u201cBudget\u201d for 5 days; you asked: Did the bank agree?")
    assert found.numbers["usual_hours"] == 24
    # Two of their usual days are not over yet.
    assert "waiting_for_reply" not in kinds(picture(*answered, letter(1.9, "sent", text="Did the bank agree?")))
    # Who never wrote is not waited for.
    assert kinds(picture(letter(9, "sent", thread=3), asked)) == {}


def test_the_longer_it_waits_the_higher_it_stands():
    scores = [
        kinds(picture(*KNOWN, letter(days_ago, "received", text="When?" + " Could you say?")))[
            "unanswered_question"
        ].score
        for days_ago in (2, 4, 8, 16, 32)
    ]
    assert scores == sorted(scores)
    assert all(0 < score < 1 for score in scores)
