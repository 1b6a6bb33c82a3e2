"""The real command at its smallest size, against a real server."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from bench.__main__ import named
from bench.workloads import WORKLOADS


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_quick_run_measures_every_workload(server_dsn, tmp_path):
    path = tmp_path / "readings.json"
    subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json", path],
        check=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "HEADRACE_DATABASE_URL": server_dsn},
        stdout=subprocess.DEVNULL,
    )
    workloads = msgspec.json.decode(path.read_bytes())["workloads"]
    assert [one["name"] for one in workloads] == list(WORKLOADS)
    assert all(who["median"] > 0 for one in workloads for who in one["contestants"])


def test_a_name_stands_for_itself_or_for_all_that_begin_with_it():
    assert named(["drain-1", "append"]) == ["drain-1", "append-1", "append-8", "append-64"]
    drains = [f"drain-{count}{burden}" for burden in ("-snapshot", "-lower", "-future") for count in (1, 2)]
    assert named(["drain"]) == ["drain-1", "drain-2", *drains]


def test_an_unknown_workload_is_named_with_the_known_ones():
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "--only", "nonsense"],
        check=False,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "300"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert "no workload 'nonsense'" in ended.stderr
    assert "drain-1" in ended.stderr
