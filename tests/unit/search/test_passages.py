from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.search.fusion import Rated, fuse
from headrace_crm.search.passage import bare_subject, contact_passage, facts_of, message_passages, split_text
from headrace_crm.search.snippet import snippet
from headrace_crm.search.vocabulary import is_outgrown, plan_words

OWNER = UUID(int=1)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@given(st.text(alphabet="ab \n", max_size=400), st.integers(5, 60))
def test_cutting_loses_no_word_and_makes_no_piece_too_long(text: str, chars: int):
    pieces = split_text(text, chars=chars, most=1000)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(len(piece) <= chars for piece in pieces)
    assert pieces


def test_paragraphs_stay_together_while_they_fit():
    assert split_text("one\n\ntwo\n\nthree", chars=9) == ["one\n\ntwo", "three"]


def test_a_long_text_has_only_so_many_pieces():
    assert len(split_text("word " * 1000, chars=50, most=3)) == 3


@pytest.mark.parametrize(
    ("subject", "bare"),
    [("Re: [harbour] AW: Boats", "Boats"), ("Boats", "Boats"), ("Re:", "Re:"), ("", ""), ("Rest of it", "Rest of it")],
)
def test_a_subject_is_shown_without_what_mail_programs_add(subject: str, bare: str):
    assert bare_subject(subject) == bare


def test_a_message_without_words_of_its_own_is_found_by_its_subject():
    (only,) = message_passages(OWNER, 7, subject="Re: Boats", text="", sent_at=NOON)
    assert (only.text, only.number, only.message_id) == ("Boats", 0, 7)


def test_a_person_is_found_by_the_words_of_the_domain():
    found = contact_passage(
        OWNER, UUID(int=2), name="Grace", addresses=["g@blue-boats.example"], facts=["Pilot"], at=NOON
    )
    assert found.text == "Grace\ng@blue-boats.example\nblue-boats example\nPilot"


def test_what_is_known_of_a_person_is_a_line_each_what_they_are_first():
    profile = {
        "phone": "+1 555",
        "followers": 7,
        "topics": ["boats", "tar"],
        "title": "Pilot",
        "organisation": "Weir & Co",
    }
    assert facts_of(profile) == ["Pilot", "Weir & Co", "boats, tar", "+1 555"]
    assert facts_of({}) == []


def test_words_count_by_their_best_and_vectors_as_they_are():
    fused = fuse([Rated(1, 4.0, 0.5), Rated(2, 2.0, 0.9), Rated(3, None, -0.2)], word_weight=0.5)
    best = 1 + 0.1 * (1 + 1 / 2 + 1 / 3)  # what a message can have whose thread fits as well as it does
    assert [(each.passage_id, round(each.score * best, 3)) for each in fused] == [(1, 0.75), (2, 0.7), (3, 0.0)]


def test_without_vectors_words_count_alone():
    best, other = fuse([Rated(1, 1.0, None), Rated(2, 4.0, None)], word_weight=0.2)
    assert (best.passage_id, other.score / best.score) == (2, 0.25)


def test_a_message_counts_by_the_rest_of_its_thread_too():
    def rated(number: int, words: float, message: int, thread: int | None) -> Rated:
        return Rated(number, words, None, message, thread)

    alone = [rated(1, 9.9, 10, 1), rated(2, 9.8, 11, 2), rated(3, 1.0, 12, 3)]
    assert [each.passage_id for each in fuse(alone, word_weight=1)] == [1, 2, 3]
    fellow = rated(4, 5.0, 13, 2)
    assert [each.passage_id for each in fuse([*alone, fellow], word_weight=1)] == [2, 1, 4, 3]
    # Another passage of the same message is no other message, and a person's passage has no thread.
    same, person = rated(4, 5.0, 11, 2), Rated(4, 5.0, None)
    for other in (same, person):
        assert [each.passage_id for each in fuse([*alone, other], word_weight=1)] == [1, 2, 4, 3]


def test_without_words_vectors_choose():
    assert [each.passage_id for each in fuse([Rated(1, None, 0.1), Rated(2, None, 0.3)], word_weight=0.9)] == [2, 1]


@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(0, 50), st.none() | st.floats(-1, 1), st.integers(1, 6), st.none() | st.integers(1, 3)
        ),
        max_size=20,
    ),
    st.floats(0, 1),
)
def test_scores_lie_between_0_and_1_in_order(given_ratings, weight: float):
    rated = [Rated(number, *ratings) for number, ratings in enumerate(given_ratings)]
    scores = [each.score for each in fuse(rated, word_weight=weight)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 + 1e-9 for score in scores)


def test_rare_words_are_worth_more_and_choose_first():
    plan = plan_words(["boat", "mast", "rope"], counts={"boat": 900, "mast": 3, "rope": 90}, passages=1000)
    assert [each.word for each in plan.words] == ["mast", "rope", "boat"]
    assert plan.words[0].weight > plan.words[1].weight > plan.words[2].weight > 0


def test_passages_are_chosen_by_so_many_words_as_keep_them_few():
    plan = plan_words(
        ["boat", "mast", "rope"], counts={"boat": 900, "mast": 3, "rope": 90}, passages=1000, most_matches=100
    )
    assert (plan.choosing, plan.required) == (("mast", "rope"), ())


def test_common_words_must_come_together():
    plan = plan_words(
        ["boat", "ship", "sail"], counts={"boat": 500, "ship": 400, "sail": 600}, passages=1000, most_matches=210
    )
    assert (plan.choosing, plan.required) == (("ship",), ("boat",))


def test_where_even_together_they_are_in_too_many_the_newest_are_ranked():
    plan = plan_words(["boat", "ship"], counts={"boat": 900, "ship": 800}, passages=1000, most_matches=100)
    # Both are in 720 passages by chance, so 100 of them are among the newest 139.
    assert (plan.choosing, plan.required, plan.newest) == (("ship",), ("boat",), 139)
    assert plan_words(["boat"], counts={"boat": 90}, passages=1000, most_matches=100).newest is None


def test_many_words_choose_fewer_passages_since_each_is_asked_for_all():
    words = [f"word{number}" for number in range(60)]
    chosen = len(plan_words(words, counts=dict.fromkeys(words, 100), passages=100_000).choosing)
    assert chosen == 5
    assert len(plan_words(words[:10], counts=dict.fromkeys(words, 100), passages=100_000).choosing) == 10


def test_a_word_nobody_counted_is_in_one_passage():
    (only,) = plan_words(["new", "new"], counts={}, passages=0).words
    assert only.passage_count == 1


@pytest.mark.parametrize(
    ("counted", "present", "is_due"),
    [(0, 0, False), (0, 1, True), (10, 29, False), (10, 30, True), (1000, 1299, False), (1000, 1300, True)],
)
def test_words_are_counted_again_when_much_has_come(counted: int, present: int, is_due: bool):
    assert is_outgrown(counted, present) is is_due


def test_a_snippet_shows_where_the_words_stand():
    text = "Nothing here. " * 30 + "The mast broke and the ropes tore. " + "Nothing there. " * 30
    shown = snippet(text, ["rope", "mast"])
    assert "mast broke and the ropes" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert len(shown) < 250


@given(st.text(alphabet="ab \n", max_size=600))
def test_a_snippet_is_a_part_of_the_text(text: str):
    shown = snippet(text, ["a"]).removeprefix("… ").removesuffix(" …")
    assert shown in " ".join(text.split())
