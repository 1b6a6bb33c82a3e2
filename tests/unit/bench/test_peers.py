"""What a peer's drain is judged by, and that a peer that is not installed is named and left out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.contest import EVENNESS
from bench.peers import peer as peers
from bench.peers.drain import _round
from bench.stage import Stage
from bench.workloads.event_peers import EVENT_PEER_WORKLOADS
from bench.workloads.peers import PEER_WORKLOADS, peers_that_run

ROOT = Path(__file__).parents[3]


def test_a_steady_drain_is_even():
    judged = _round([(second, second * 100) for second in range(11)], 1_000)
    assert judged.readings == [100.0]
    assert judged.figures[EVENNESS] == pytest.approx(1.0)


def test_a_drain_that_slows_down_to_half_is_half_as_fast_in_its_last_tenth():
    judged = _round([(0, 0), (1, 100), (9, 900), (11, 1_000)], 1_000)
    assert judged.figures[EVENNESS] == pytest.approx(0.5)


def test_a_drain_that_was_cut_counts_what_was_done_and_says_so():
    judged = _round([(0, 0), (1, 10), (30.0, 60)], 1_000)
    assert judged.readings == [2.0]
    assert judged.figures == {"cut: % of the jobs done": 6.0}


def test_what_is_not_installed_is_left_out_with_the_way_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "ENVIRONMENT", tmp_path)
    monkeypatch.setattr(peers, "_node", lambda: None)
    assert [one.name for one in peers_that_run(Stage("", is_quick=True))] == ["headrace"]
    missing = {one.name: one.missing for one in peers.known_peers(is_quick=True)}
    assert "make bench-peers" in missing["PGQueuer"]
    assert "Node.js 22.18 or later" in missing["pg-boss"]


def test_the_packages_in_javascript_have_exact_versions():
    package = json.loads((peers.FOLDER / "js" / "package.json").read_text())
    assert all(version[0].isdigit() for version in package["dependencies"].values())
    assert not (peers.FOLDER / "js" / "package-lock.json").exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_quick_run_measures_headrace_beside_every_peer_that_is_installed(server_dsn, tmp_path):
    path = tmp_path / "readings.json"
    subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--peers", "--json", path],
        check=True,
        cwd=ROOT,
        env={"HEADRACE_DATABASE_URL": server_dsn, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
    )
    workloads = json.loads(path.read_text())["workloads"]
    assert [one["name"] for one in workloads] == [*PEER_WORKLOADS, *EVENT_PEER_WORKLOADS]
    for known, names in (
        (peers.known_peers, PEER_WORKLOADS),
        (peers.known_event_stores, EVENT_PEER_WORKLOADS),
    ):
        installed = [one.name for one in known(is_quick=True) if one.missing is None]
        measured = [one for one in workloads if one["name"] in names]
        assert all([who["name"] for who in one["contestants"]] == installed for one in measured)
    assert all(who["median"] > 0 for one in workloads for who in one["contestants"])
