"""`crm search` and `crm ask`: messages and people that fit a query, and answers made of them."""

from typing import Annotated, cast, get_args

import typer

from headrace.terminal import EXIT_NOT_FOUND, fail, print_json, print_table, run
from headrace_crm.app import create_desk
from headrace_crm.cli.options import read_day
from headrace_crm.cli.session import Choice, opened, say
from headrace_crm.search.answer import Answer
from headrace_crm.search.desk import FOUND_KINDS, PersonNotFoundError, Question
from headrace_crm.search.passage import Kind
from headrace_crm.search.searching import Found


def search_(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words, or a sentence.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 10,
    owner: Annotated[
        list[str] | None, typer.Option("--owner", metavar="ADDRESS", help="Only the mail of this owner.")
    ] = None,
    person: Annotated[
        str | None, typer.Option("--with", metavar="NAME|ADDRESS", help="Only mail with this person.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Not before this day (UTC).")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Not after this day (UTC).")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="message, contact or question; messages and contacts by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Finds messages and people, by words and by meaning. Exit code 3 where nobody fits --with."""
    asked = Question(
        text=query,
        owners=tuple(owner or ()),
        person=person,
        since=read_day(since),
        before=read_day(until, is_end=True),
        kinds=_kinds(kind or ()),
        limit=limit,
    )
    run(_search(context.obj, asked, as_json=as_json))


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="A question, with a time or people if you like.")],
    *,
    owner: Annotated[
        list[str] | None, typer.Option("--owner", metavar="ADDRESS", help="Only the mail of this owner.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Answers a question from your mail, with the passages the answer rests on."""
    run(_ask(context.obj, Question(text=question, owners=tuple(owner or ())), as_json=as_json))


async def _ask(choice: Choice, asked: Question, *, as_json: bool) -> None:
    async with opened(choice) as app:
        answer = await create_desk(app, channel="cli").ask(asked)
    if as_json:
        print_json(answer)
        return
    if answer.note is not None:
        say(answer.note)
    if where := _where(answer):
        say(where)
    typer.echo(f"{answer.text}\n")
    print_table(
        ("number", "date", "person", "subject", "passage"),
        [
            (str(each.number), each.occurred_at.strftime("%Y-%m-%d"), each.person, each.title, each.quote)
            for each in answer.citations
        ],
    )


def _where(answer: Answer) -> str:
    parts = (
        f"with {', '.join(answer.about)}" if answer.about else "",
        f"from {answer.since:%Y-%m-%d}" if answer.since else "",
        f"before {answer.before:%Y-%m-%d}" if answer.before else "",
    )
    said = " ".join(part for part in parts if part)
    return f"looked in mail {said}" if said else ""


async def _search(choice: Choice, asked: Question, *, as_json: bool) -> None:
    async with opened(choice) as app:
        try:
            found = await create_desk(app, channel="cli").search(asked)
        except PersonNotFoundError as error:
            fail(str(error), EXIT_NOT_FOUND)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: Found) -> None:
    if found.note is not None:
        say(found.note)
    print_table(
        ("score", "date", "person", "subject", "passage"),
        [
            (f"{hit.score:.2f}", hit.occurred_at.strftime("%Y-%m-%d"), hit.person, hit.title, hit.snippet)
            for hit in found.hits
        ],
    )


def _kinds(given: list[str] | tuple[()]) -> tuple[Kind, ...]:
    for each in given:
        if each not in get_args(Kind):
            raise typer.BadParameter(f"--kind must be one of {', '.join(get_args(Kind))}, got {each!r}")
    return cast("tuple[Kind, ...]", tuple(dict.fromkeys(given))) or FOUND_KINDS
