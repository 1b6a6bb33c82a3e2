"""`headrace schedules` on a real database, through the command as it is installed."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fix_database import ask
from headrace.cli.root import app as command

SHOP = """
from headrace import Headrace, Job

app = Headrace(name="shop")


@app.job("report", queue="reports")
async def report(size: int, job: Job) -> None: ...
"""

Call = Callable[..., Result]


@pytest.fixture
def call(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs `headrace schedules ...` with an app that has one kind."""
    name = f"shop_{database.rpartition('/')[2].partition('?')[0]}"
    (tmp_path / f"{name}.py").write_text(SHOP)
    monkeypatch.syspath_prepend(tmp_path)

    def call(*words: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(command, ["--app", f"{name}:app", "--database", database, "schedules", *words])
        assert result.exit_code == exit_code, result.output
        return result

    return call


def told(result: Result) -> dict | list:
    return json.loads(result.stdout)


def test_a_schedule_is_made_shown_and_listed(call: Call):
    made = told(
        call("create", "daily", "report", "--args", "3", "--cron", "0 3 * * *", "--timezone", "Asia/Tokyo", "--json")
    )
    assert (made["cron"], made["timezone"], made["args"], made["queue"]) == ("0 3 * * *", "Asia/Tokyo", 3, "reports")
    assert (made["state"], made["next_at"][10:]) == ("active", "T18:00:00Z")
    assert told(call("show", "daily", "--json")) == made
    assert told(call("list", "--json")) == [made]
    assert "0 3 * * * Asia/Tokyo" in call("list").stdout
    assert "active" in call("show", "daily").stdout


def test_a_schedule_is_paused_resumed_edited_and_deleted(call: Call):
    call("create", "often", "report", "--args", "3", "--every", "90s", "--by", "ada")
    paused = told(call("pause", "often", "--by", "ada", "--json"))
    assert (paused["state"], paused["next_at"]) == ("paused by ada", None)
    assert told(call("resume", "often", "--json"))["state"] == "active"
    edited = told(call("edit", "often", "--every", "1.5h", "--args", "4", "--catch-up", "all", "--json"))
    assert (edited["every"], edited["args"], edited["catch_up"], edited["edited_by"] != "ada") == (
        "PT5400S",
        4,
        "all",
        True,
    )
    assert told(call("delete", "often", "--json")) == {"name": "often", "is_deleted": True}
    call("show", "often", exit_code=3)


def test_a_trigger_enqueues_the_job(call: Call, database: str):
    call("create", "daily", "report", "--args", "3", "--cron", "0 3 * * *")
    job_id = told(call("trigger", "daily", "--json"))["job_id"]
    assert str(ask(database, "SELECT id FROM headrace.job")) == job_id


@pytest.mark.parametrize(
    ("words", "exit_code", "complaint"),
    [
        (("create", "x", "report", "--args", "3"), 1, "needs cron or every"),
        (("create", "x", "rport", "--every", "1h"), 1, "not registered"),
        (("create", "x", "report", "--args", "three", "--every", "1h"), 2, "must be JSON"),
        (("create", "x", "report", "--args", "3", "--every", "hourly"), 2, "number with s, m, h"),
        (("create", "x", "report", "--args", "3", "--every", "9" * 30 + "d"), 2, "too long"),
        (("create", "x", "report", "--args", "3", "--every", "1h", "--catch-up", "most"), 2, "must be none"),
        (("create", "taken", "report", "--args", "3", "--every", "1h"), 1, "exists already"),
        (("edit", "taken", "--args", '"three"'), 1, "Expected `int`"),
        (("edit", "gone", "--every", "1h"), 3, "no schedule 'gone'"),
        (("pause", "gone"), 3, "no schedule 'gone'"),
        (("trigger", "gone"), 3, "no schedule 'gone'"),
        (("delete", "gone"), 3, "no schedule 'gone'"),
    ],
)
def test_what_cannot_be_done_is_said(call: Call, words: tuple[str, ...], exit_code: int, complaint: str):
    call("create", "taken", "report", "--args", "3", "--every", "1h")
    assert complaint in call(*words, exit_code=exit_code).output.replace("\n", " ")


def test_a_period_is_a_number_with_a_unit():
    from headrace.cli.period import period

    assert [period(text, option="--every") for text in ("30s", "15m", "1.5h", "7d", None)] == [
        timedelta(seconds=30),
        timedelta(minutes=15),
        timedelta(minutes=90),
        timedelta(days=7),
        None,
    ]
