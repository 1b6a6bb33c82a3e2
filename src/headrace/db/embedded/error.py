from headrace.errors import HeadraceError


class EmbeddedServerError(HeadraceError):
    """The embedded PostgreSQL could not be made, started or stopped; the message says what to do next."""
