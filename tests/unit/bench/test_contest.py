from datetime import UTC, datetime
from io import StringIO

import pytest
from bench import report
from bench.contest import EVENNESS, Contest, Contestant, Round, Wanted, hold, percentile, score
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console


async def never() -> list[float]:
    raise AssertionError("nobody runs here")


def contest(*, measure="rate", wanted=Wanted(), rounds=1) -> Contest:  # noqa: B008 - frozen
    contestants = (Contestant("ours", never), Contestant("theirs", never))
    return Contest(
        name="c", title="c", measure=measure, unit="jobs/s", contestants=contestants, rounds=rounds, wanted=wanted
    )


def test_a_rate_twice_as_high_is_twice_as_good():
    result = score(contest(), {"ours": [(200.0,)], "theirs": [(100.0,)]})
    assert [one.ratio for one in result.scores] == [None, 2.0]


def test_a_latency_half_as_long_is_twice_as_good():
    result = score(contest(measure="latency"), {"ours": [(1.0, 5.0, 9.0)], "theirs": [(10.0, 10.0, 10.0)]})
    assert result.scores[1].ratio == 2.0


def test_the_ratio_compares_within_a_round_so_that_a_slow_round_does_not_count_against_one():
    readings = {"ours": [(100.0,), (10.0,), (100.0,)], "theirs": [(50.0,), (5.0,), (50.0,)]}
    assert score(contest(rounds=3), readings).scores[1].ratio == 2.0


@pytest.mark.parametrize(
    ("wanted", "is_met"),
    [
        (Wanted(), None),
        (Wanted(ratio=20), False),
        (Wanted(ratio=2), True),
        (Wanted(rate=200), True),
        (Wanted(rate=201), False),
        (Wanted(ratio=2, rate=201), False),
    ],
)
def test_what_is_wanted_is_met_only_where_all_of_it_is_reached(wanted, is_met):
    assert score(contest(wanted=wanted), {"ours": [(200.0,)], "theirs": [(100.0,)]}).is_met is is_met


def test_a_latency_is_held_to_its_tail():
    readings = {"ours": [tuple(float(number) for number in range(1, 101))], "theirs": [(1.0,)]}
    for most, is_met in ((94, False), (95, True)):
        assert score(contest(measure="latency", wanted=Wanted(p95_ms=most)), readings).is_met is is_met
    assert str(Wanted(p95_ms=95)) == "p95 <= 95 ms"


async def test_contestants_take_turns():
    turns = []

    def runs(name: str) -> Contestant:
        async def run() -> list[float]:
            turns.append(name)
            return [1.0]

        return Contestant(name, run)

    await hold(
        Contest(
            name="c",
            title="c",
            measure="rate",
            unit="jobs/s",
            rounds=2,
            contestants=(runs("ours"), runs("theirs")),
        )
    )
    assert turns == ["ours", "theirs", "ours", "theirs"]


@given(
    st.lists(st.floats(min_value=0, max_value=1e6), min_size=1),
    st.floats(min_value=0.1, max_value=100),
)
def test_a_percentile_is_the_smallest_reading_that_so_many_percent_do_not_exceed(readings, percent):
    found = percentile(readings, percent)
    assert found in readings
    assert sum(one <= found for one in readings) >= percent / 100 * len(readings)
    assert sum(one < found for one in readings) < percent / 100 * len(readings)


def test_a_percentile_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no readings"):
        percentile([], 50)


def test_what_else_is_counted_is_wanted_by_its_median():
    wanted = contest(wanted=Wanted(evenness=0.9), rounds=3)
    readings = {"ours": [(1.0,)] * 3, "theirs": [(1.0,)] * 3}
    for pace, is_met in ((0.95, True), (0.85, False)):
        figures = {"ours": [{EVENNESS: 0.1}, {EVENNESS: pace}, {EVENNESS: 2.0}], "theirs": [{}, {}, {}]}
        assert score(wanted, readings, figures).is_met is is_met


async def test_figures_are_kept_with_the_round_they_were_counted_in():
    async def run() -> Round:
        return Round([5.0], {"commits/job": 0.5})

    result = await hold(
        Contest(name="c", title="c", measure="rate", unit="x", rounds=2, contestants=(Contestant("ours", run),))
    )
    assert result.scores[0].rounds == ((5.0,), (5.0,))
    assert result.scores[0].figure("commits/job") == 0.5


async def test_the_parts_of_a_figure_are_told_by_their_medians_the_largest_first():
    times = iter([{"/": 1.0, "/jobs": 9.0}, {"/": 3.0, "/jobs": 5.0}, {"/": 3.0, "/jobs": 6.0}])

    async def run() -> Round:
        return Round([5.0], parts={"paint, ms": next(times)})

    result = await hold(
        Contest(name="c", title="c", measure="latency", unit="x", rounds=3, contestants=(Contestant("ours", run),))
    )
    assert list(result.scores[0].by_part()["paint, ms"].items()) == [("/jobs", 6.0), ("/", 3.0)]
    document = report.document(
        [result], server_version="18", is_quick=True, measured_at=datetime(2030, 1, 2, tzinfo=UTC)
    )
    assert document["workloads"][0]["contestants"][0]["parts"] == {"paint, ms": {"/jobs": 6.0, "/": 3.0}}
    shown = Console(width=200, file=StringIO())
    shown.print(report.table([result]))
    told = shown.file.getvalue().split("paint, ms: ")[1:]
    assert [[cell.strip() for cell in one.split("│")[:2]] for one in told] == [["/jobs", "6"], ["/", "3"]]
