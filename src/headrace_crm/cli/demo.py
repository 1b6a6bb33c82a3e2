"""`crm demo`: a linked mailbox becomes a CRM while a worker is killed, and new mail arrives by push."""

from typing import Annotated

import typer

from headrace.terminal import run


def demo(
    context: typer.Context,
    *,
    messages: Annotated[int, typer.Option(min=100, help="How many messages the mailbox has.")] = 600,
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 7,
    workers: Annotated[int, typer.Option(min=2, max=16, help="Worker processes; one of them is killed.")] = 2,
) -> None:
    """Links a made-up Gmail mailbox, mirrors it, kills a worker, takes new mail by push: and nothing is lost.

    The sandbox stands in for Google on this machine, so no account is needed anywhere. Works in a database of its
    own, made anew each time; look at it with `crm --demo contacts`.
    """
    from headrace_crm.cli.demo_run import run_demo  # noqa: PLC0415 - the sandbox and a web server

    run(run_demo(context.obj, messages=messages, seed=seed, worker_count=workers))
