"""The commands of enrichment, against a stand-in for People Data Labs."""

import asyncio
import json

import pytest
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner

from fix_enrichment import enriching
from headrace_crm.cli.root import app as crm_command


def crm(*arguments: str):
    return CliRunner().invoke(crm_command, list(arguments), catch_exceptions=False)


@pytest.fixture
def environment(database: str, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    monkeypatch.setenv("HEADRACE_DATABASE_URL", database)
    monkeypatch.setenv("HEADRACE_PDL_API_KEY", "key")
    monkeypatch.setenv("HEADRACE_PDL_URL", httpserver.url_for(""))
    return httpserver


async def test_a_person_is_enriched_shown_with_sources_and_corrected(environment: HTTPServer, database: str):
    body = {"status": 200, "likelihood": 9, "data": {"job_title": "Clerk", "job_company_name": "Mill"}}
    environment.expect_request("/v5/person/enrich").respond_with_json(body)
    async with enriching(database) as people:
        await people.add("Ada Byron", "ada@example.org")

    def use() -> None:
        done = crm("enrich", "ada@example.org", "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["waiting"] == 0
        entered = crm("enter", "Ada Byron", "title=Miller")
        assert entered.exit_code == 0, entered.output
        shown = crm("show", "Ada Byron")
        assert "LinkedIn profile (through People Data Labs)" in shown.stdout
        assert "entered by you" in shown.stdout
        profile = json.loads(crm("show", "Ada Byron", "--json").stdout)["profile"]
        assert {each["field"]: (each["value"], each["source"]) for each in profile["fields"]} == {
            "title": ("Miller", "user"),
            "organisation": ("Mill", "pdl"),
        }
        assert crm("enter", "Ada Byron", "title=").exit_code == 0
        assert "Clerk" in crm("show", "Ada Byron").stdout
        listed = json.loads(crm("sources", "--json").stdout)
        assert [(each["source"], each["is_on"], each["spent_today"]) for each in listed] == [
            ("x", False, 0),
            ("pdl", True, 280_000),
            ("clearbit", False, 0),
        ]
        assert crm("enrich", "--all").stdout.startswith("1 contacts; 0 questions")

    await asyncio.to_thread(use)


async def test_a_source_that_refused_is_told_and_asked_again(environment: HTTPServer, database: str):
    refusal = environment.expect_oneshot_request("/v5/person/enrich")
    refusal.respond_with_json({"status": 401, "error": {"type": "authentication_error", "message": "no"}}, status=401)
    async with enriching(database) as people:
        await people.add("Ada Byron", "ada@example.org")

    def use() -> None:
        crm("enrich", "ada@example.org")
        assert "HEADRACE_PDL_API_KEY" in crm("sources").stdout
        assert "asked again; 1 contacts" in crm("sources", "--resume", "pdl").stderr
        assert "HEADRACE_PDL_API_KEY" not in crm("sources").stdout

    await asyncio.to_thread(use)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["enrich"], 2),
        (["enrich", "ada", "--all"], 2),
        (["enrich", "--all", "--source", "linkedin"], 2),
        (["enter", "nobody", "title"], 2),
        (["enter", "nobody", "job=Miller"], 1),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, code):
    assert crm(*arguments).exit_code == code
