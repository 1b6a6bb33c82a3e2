from datetime import UTC, datetime

import msgspec
from bench import report
from bench.contest import Contest, Contestant, Wanted, score


async def never() -> list[float]:
    raise AssertionError("nobody runs here")


def results():
    def contest(name, measure, wanted):
        contestants = (Contestant("headrace", never), Contestant("plain", never))
        return Contest(
            name=name, title=name, measure=measure, unit="x", contestants=contestants, rounds=2, wanted=wanted
        )

    return [
        score(contest("drain", "rate", Wanted(ratio=20)), {"headrace": [(50.0,), (70.0,)], "plain": [(2.0,), (2.0,)]}),
        score(contest("wait", "latency", Wanted()), {"headrace": [(1.0, 3.0)] * 2, "plain": [(8.0, 8.0)] * 2}),
    ]


def test_the_json_holds_every_reading_and_what_follows_from_them(tmp_path):
    path = tmp_path / "readings.json"
    moment = datetime(2030, 1, 2, tzinfo=UTC)
    report.write(path, report.document(results(), server_version="18.1", is_quick=True, measured_at=moment))
    document = msgspec.json.decode(path.read_bytes())
    assert (document["postgresql"], document["quick"], document["measured_at"]) == (
        "18.1",
        True,
        "2030-01-02T00:00:00+00:00",
    )
    drain, wait = document["workloads"]
    assert drain["contestants"][0] == {"name": "headrace", "median": 60.0, "ratio": None, "rounds": [[50.0], [70.0]]}
    assert (drain["contestants"][1]["ratio"], drain["wanted"], drain["met"]) == (30.0, "ratio >= 20", True)
    ours = wait["contestants"][0]
    assert (ours["p50"], ours["p95"], ours["p99"]) == (1.0, 3.0, 3.0)
    assert (wait["wanted"], wait["met"]) == (None, None)


def test_the_table_has_a_row_for_every_contestant_one_for_each_title_and_one_for_what_was_wanted():
    assert report.table(results()).row_count == 2 * 2 + 2 + 1
