"""The real command at its smallest size, against a real server."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
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
