"""What is told, kept and over when rules look again; what an owner's answers do to the ranks."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from headrace_crm.insights.answering import counted
from headrace_crm.insights.digest import choose, digest_text
from headrace_crm.insights.model import KINDS, STATES, Finding
from headrace_crm.insights.ranking import rank, taste
from headrace_crm.insights.reading import Insight
from headrace_crm.insights.settle import Known, Settled, settle

counts = st.integers(0, 10_000)


def finding(key="k", fingerprint="1"):
    return Finding("going_cold", key, fingerprint, 0.5, "text")


def test_what_is_new_is_told_and_what_is_gone_is_over():
    found = settle({"old": Known("open", "1"), "said": Known("dismissed", "1")}, [finding()])
    assert found == Settled((finding(),), (), ("old",))


def test_what_was_answered_is_told_again_only_on_something_new():
    for state in ("accepted", "dismissed"):
        assert settle({"k": Known(state, "1")}, [finding()]) == Settled((), (), ())
        assert settle({"k": Known(state, "1")}, [finding(fingerprint="2")]).told == (finding(fingerprint="2"),)
        assert settle({"k": Known(state, "1")}, []) == Settled((), (), ())


def test_what_is_open_is_never_told_twice_and_what_expired_only_on_something_new():
    for fingerprint in ("1", "2"):
        assert settle({"k": Known("open", "1")}, [finding(fingerprint=fingerprint)]).told == ()
    assert settle({"k": Known("expired", "1")}, [finding()]) == Settled((), (finding(),), ())
    assert settle({"k": Known("expired", "1")}, [finding(fingerprint="2")]).told == (finding(fingerprint="2"),)


@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from("12")))
def test_looking_twice_tells_nothing_the_second_time(found):
    findings = [finding(key, fingerprint) for key, fingerprint in found.items()]
    known = {each.key: Known("open", each.fingerprint) for each in settle({}, findings).told}
    assert settle(known, findings).told == ()


@given(counts, counts)
def test_accepting_raises_a_kind_and_dismissing_lowers_it(accepted, dismissed):
    now = taste(accepted=accepted, dismissed=dismissed)
    assert 0 < now < 1
    assert taste(accepted=accepted + 1, dismissed=dismissed) > now > taste(accepted=accepted, dismissed=dismissed + 1)
    assert rank(0.5, accepted=accepted, dismissed=dismissed) == now / 2


@given(st.lists(st.sampled_from(["accepted", "dismissed"]), max_size=8))
def test_of_answers_to_one_insight_the_last_one_counts(answers):
    state, totals = "open", [0, 0]
    for answer in answers:
        for number, change in enumerate(counted(state, answer)):
            totals[number] += change
        state = answer
    assert totals == [int(state == "accepted"), int(state == "dismissed")]
    assert state in STATES


def insight(number, kind="going_cold"):
    at = datetime(2026, 3, 2, tzinfo=UTC)
    ids = (UUID(int=number), UUID(int=1), UUID(int=2))
    return Insight(*ids, "Ada", (), kind, "open", f"text {number}", 0.5, 0.5, (), {}, at, at, at, "rules")


def test_a_digest_has_ten_things_and_four_of_a_kind():
    ranked = [insight(number) for number in range(20)] + [insight(100 + n, kind) for n, kind in enumerate(KINDS * 3)]
    chosen = choose(ranked)
    assert len(chosen) == 10
    assert [each.text for each in chosen[:4]] == [f"text {number}" for number in range(4)]
    assert sum(each.kind == "going_cold" for each in chosen) == 4
    text = digest_text([insight(1), insight(2, "owes_reply"), insight(3)], day=date(2026, 3, 2), open_count=5)
    assert text == (
        "2026-03-02: 3 things worth doing\n\nGoing cold\n  - text 1\n  - text 3\n\n"
        "Letters you have not answered\n  - text 2\n\n2 more: crm insights"
    )
    over = digest_text([replace(insight(1), state="expired")], day=date(2026, 3, 2), open_count=0)
    assert over.endswith("  - text 1 [over]")
    assert digest_text([], day=date(2026, 3, 2), open_count=0) == "2026-03-02: nothing to do about anybody today."
