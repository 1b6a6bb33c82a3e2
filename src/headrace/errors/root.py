"""The root of every error, and the errors of a wrong set-up."""


class HeadraceError(Exception):
    """The base of every error the engine raises on purpose."""


class ConfigurationError(HeadraceError):
    """A setting, a name or a registration is wrong; the message says which and what to write."""


class SchemaError(HeadraceError):
    """The database's schema does not fit this version of the engine."""


class SecretKeyError(HeadraceError):
    """Something sealed cannot be opened with the secret keys there are. `key` names the key, and is no secret."""

    def __init__(self, key: str, *, reason: str) -> None:
        super().__init__(f"what is sealed under secret key {key} cannot be opened: {reason}; see HEADRACE_SECRET_KEYS")
        self.key = key
        self.reason = reason


class TransactionClosedError(HeadraceError):
    """The transaction given can no longer (or not yet) hold what was asked of it."""
