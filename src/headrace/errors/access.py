"""Errors about access over HTTP."""

from uuid import UUID

from headrace.errors.root import HeadraceError


class TokenNotFoundError(HeadraceError):
    """There is no API token with this id."""

    def __init__(self, token_id: UUID) -> None:
        super().__init__(f"there is no token {token_id}; `headrace tokens list` shows those there are")
        self.token_id = token_id
