"""From what a provider answers to what becomes of the job."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from headrace import Cancel, Discard, Retry, Snooze
from headrace_crm.accounts.model import AccountError
from headrace_crm.accounts.oauth import OAuthError
from headrace_crm.mail.provider import LimitedError, RefusedError, UnavailableError

_LEAST: Final = timedelta(seconds=1)


@asynccontextmanager
async def heeding() -> AsyncGenerator[None]:
    """Turns errors of a provider into outcomes, for a block.

    A limit with a time: the job is put back for that time, and the attempt does not count. A limit without one, no
    answer, a fault of the server's: another attempt, after `retry_after` or by the kind's retry policy. A refusal: the
    job fails. An account that is not linked any more, or needs a sign-in: the job is cancelled.
    """
    try:
        yield
    except LimitedError as error:
        if error.retry_after is not None:
            raise Snooze(max(error.retry_after, _LEAST)) from error
        raise Retry(str(error)) from error
    except UnavailableError as error:
        raise Retry(str(error), after=error.retry_after) from error
    except OAuthError as error:
        raise Retry(str(error), after=error.retry_after) from error
    except RefusedError as error:
        raise Discard(str(error)) from error
    except AccountError as error:
        raise Cancel(str(error)) from error
