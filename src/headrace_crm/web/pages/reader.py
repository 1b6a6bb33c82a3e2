"""Who may read people's mail in the console, and whose mail they look at."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request

from headrace import Connection
from headrace.console import Problem, ProblemError, principal_of
from headrace_crm.mail.owners import Owner, list_mailboxes

_MOST_MAILBOXES: Final = 100


def require_reader(request: Request) -> None:
    """Lets viewers through. Raises ProblemError (403) for a token restricted to areas without `subjects`."""
    principal = principal_of(request)
    if not principal.may("viewer", "subjects"):
        raise ProblemError(Problem(403, f"{principal.name} may not read about people; the scope subjects allows it"))


def require_operator(request: Request) -> None:
    """Lets operators through. Raises ProblemError (403) for all others, and where `require_reader` does."""
    principal = principal_of(request)
    if not principal.may("operator", "subjects"):
        raise ProblemError(Problem(403, f"{principal.name} may not change this; a token of the role operator may"))


async def mailbox_asked_for(request: Request, connection: Connection) -> tuple[Owner | None, Sequence[Owner]]:
    """The owner whose address is the query's `mailbox`, the first one otherwise, and all there are to choose from."""
    mailboxes = await list_mailboxes(connection, limit=_MOST_MAILBOXES)
    wanted = request.query_params.get("mailbox", "").lower()
    chosen = next((owner for owner in mailboxes if wanted in owner.addresses), None)
    return chosen or next(iter(mailboxes), None), mailboxes


def mailbox_choices(mailboxes: Sequence[Owner]) -> list[tuple[str, str]]:
    """What the field to choose a mailbox offers: the address that stands for it, and all its addresses."""
    return [(min(owner.addresses, default=""), ", ".join(sorted(owner.addresses))) for owner in mailboxes]
