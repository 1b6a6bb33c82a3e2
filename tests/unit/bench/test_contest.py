import pytest
from bench.contest import Contest, Contestant, Wanted, hold, percentile, score
from hypothesis import given
from hypothesis import strategies as st


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
