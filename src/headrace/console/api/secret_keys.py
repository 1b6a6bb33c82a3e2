"""Secret keys over HTTP: a new one, and wrapping the keys of all subjects under the first."""

from dataclasses import dataclass

from fastapi import APIRouter, Request

from headrace.app import Headrace
from headrace.console.api.need import needs
from headrace.console.api.route import principal_of
from headrace.keyring import new_key


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key to put into HEADRACE_SECRET_KEYS, which is shown this once."""

    key: str


@dataclass(frozen=True, slots=True)
class KeysRotated:
    """How many subjects have their keys under the first key now."""

    key_count: int


def secret_key_routes(app: Headrace, router: APIRouter) -> None:
    """Adds the routes of secret keys."""

    @router.post("/secret-keys", status_code=201, **needs("admin", "subjects"))
    async def new_key_(request: Request) -> MadeKey:
        """Makes a key for HEADRACE_SECRET_KEYS, and shows it this once: it is kept nowhere, no answer is either."""
        request.state.record.is_secret = True
        return MadeKey(new_key())

    @router.post("/secret-keys/rotate", **needs("admin", "subjects"))
    async def rotate_keys(request: Request) -> KeysRotated:
        """Wraps the keys of all subjects under the first secret key of this app, recorded as an operation.

        It is answered when all is done. Every process has to have the new key before.
        """
        return KeysRotated(await app.subjects.rotate(by=principal_of(request).name))
