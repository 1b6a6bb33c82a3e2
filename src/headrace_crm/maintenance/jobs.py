"""The job `erase-person`, registered on an app."""

from datetime import timedelta
from typing import Final

from headrace import Headrace, RetryPolicy
from headrace_crm.mail.turns import Turns
from headrace_crm.maintenance.erasing import erase_person
from headrace_crm.maintenance.erasure import ERASE_KIND, ErasePerson

QUEUE: Final = "maintenance"


def register(app: Headrace, *, turns: Turns) -> None:
    """Registers `erase-person`. It is retried for long: a person has asked for it."""

    @app.job(ERASE_KIND, queue=QUEUE, max_attempts=50, retry=RetryPolicy(cap=timedelta(minutes=10)))
    async def erase(args: ErasePerson) -> dict[str, int]:
        return await erase_person(app, turns, args.erasure_id)

    _ = erase
