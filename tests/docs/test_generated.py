"""Generated parts are what the generator makes today, and the commands the pages show exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer
from command_reference import arguments, command_reference, commands, options
from generated_part import fill
from pages import PAGES, REFERENCE, blocks, inline_code, page_id
from schema_reference import schema_reference

from headrace.cli.root import app as headrace_command
from headrace_crm.cli.root import app as crm_command

COMMANDS = {"headrace": headrace_command, "crm": crm_command}
RENEW = "run `make docs`"


def test_the_command_line_is_told_as_it_is():
    page = (REFERENCE / "cli.md").read_text()
    parts = {name: command_reference(command, name) for name, command in COMMANDS.items()}
    assert fill(page, parts) == page, RENEW


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_argument_and_option_says_what_it_is_for(name: str):
    silent = [
        f"{path} {one.name}"
        for path, command in commands(typer.main.get_command(COMMANDS[name]), name)
        for one in [command, *arguments(command), *options(command)]
        if not one.help
    ]
    assert silent == []


async def test_the_schema_is_told_as_it_is(connection: asyncpg.Connection):
    page = (REFERENCE / "schema.md").read_text()
    parts = {schema: await schema_reference(connection, schema) for schema in ("headrace", "crm")}
    assert fill(page, parts) == page, RENEW


async def test_a_comment_on_a_table_and_a_column_is_told(connection: asyncpg.Connection):
    await connection.execute(
        "CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint PRIMARY KEY, note text);"
        "COMMENT ON TABLE shop.orders IS 'What was bought.'; COMMENT ON COLUMN shop.orders.note IS 'Said by | whom.'"
    )
    told = await schema_reference(connection, "shop")
    assert "### shop.orders\n\nTable. What was bought.\n" in told
    assert "| `note` | `text` | yes | Said by \\| whom. |" in told
    assert "- `PRIMARY KEY (id)`" in told


def test_a_page_without_a_place_for_a_part_is_refused():
    with pytest.raises(ValueError, match="0 places for 'crm'"):
        fill("<!-- generated: headrace -->\n<!-- end -->", {"crm": "x"})


def calls(text: str) -> Iterator[list[str]]:
    """Every call of our commands that a page shows, as words."""
    lines = [line for block in blocks(text, "sh") for line in block.text.replace("\\\n", " ").splitlines()]
    for line in [*lines, *inline_code(text)]:
        found = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )?(?:\.venv/bin/)?(headrace|crm) (.+)", line)
        if found:
            yield [found[1], *shlex.split(found[2], comments=True)]


def wrong_words(call: list[str]) -> Iterator[str]:
    """The words of a call that its command does not know."""
    command: Any = typer.main.get_command(COMMANDS[call[0]])
    rest = call[1:]
    while rest:
        word = rest.pop(0)
        name = word.partition("=")[0]
        if name.startswith("-"):
            known = {opt: one for one in options(command) for opt in [*one.opts, *one.secondary_opts]}
            if name == "--help" or re.fullmatch(r"-v+", name):
                continue
            if name not in known:
                yield f"{shlex.join(call)}: no option {name}"
            elif "=" not in word and not known[name].is_flag and not known[name].count and rest:
                rest.pop(0)
        elif hasattr(command, "commands"):
            if word not in command.commands:
                if word not in {"...", "…"}:
                    yield f"{shlex.join(call)}: no command {word}"
                return
            command = command.commands[word]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_command_a_page_shows_exists(page: Path):
    assert [wrong for call in calls(page.read_text()) for wrong in wrong_words(call)] == []


def test_wrong_commands_are_found():
    text = "`headrace jobs lst` `headrace --ap x:y worker`\n```sh\n$ .venv/bin/crm import a.mbox --owners b\n```\n"
    assert [wrong for call in calls(text) for wrong in wrong_words(call)] == [
        "crm import a.mbox --owners b: no option --owners",
        "headrace jobs lst: no command lst",
        "headrace --ap x:y worker: no option --ap",
        "headrace --ap x:y worker: no command x:y",
    ]
