"""The HTTP API does what the command line does: each command has its route, or the guide says why it has none."""

from typing import Any

import pytest
import typer
from command_reference import commands
from pages import ROOT, inline_code, section

from headrace import Headrace
from headrace.cli.root import app
from headrace.console.api import openapi

BY_COMMAND = set(inline_code(section((ROOT / "docs/guides/http-api.md").read_text(), "By command alone")))
COMMANDS = [
    path.removeprefix("headrace ")
    for path, command in commands(typer.main.get_command(app), "headrace")
    if not getattr(command, "commands", None)
]
ROUTES: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for methods in openapi(Headrace("postgresql://nowhere"))["paths"].values()
    for operation in methods.values()
}
NAMED_OTHERWISE = {
    "doctor": "system_doctor",
    "db retention": "jobs_retain",
    "db status": "system_database",
    "events archive list": "events_archives",
    "events archive restore": "events_restore",
    "events replay": "replays_begin",
    "events retention": "events_retain",
    "events schema": "events_types",
    "operations list": "operations_operations",
    "operations resume": "operations_resume_operation",
}
"""Commands whose route is not called by the same two words."""


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_does_a_route_does_too_or_the_guide_says_why_not(command: str):
    route = NAMED_OTHERWISE.get(command, command.replace(" ", "_").replace("-", "_"))
    assert (route in ROUTES) != (f"headrace {command}" in BY_COMMAND), command


def test_nothing_is_said_of_commands_that_do_not_exist():
    named = {code for code in BY_COMMAND if code.startswith("headrace ")}
    assert named <= {f"headrace {command}" for command in COMMANDS}
    assert set(NAMED_OTHERWISE) <= set(COMMANDS)


def test_secrets_erasure_and_what_lets_go_for_good_are_for_admins():
    for route in (
        "subjects_new_key",
        "subjects_rotate_keys",
        "subjects_erase",
        "jobs_retain",
        "events_retain",
        "events_restore",
    ):
        assert ROUTES[route]["x-headrace-role"] == "admin", route
