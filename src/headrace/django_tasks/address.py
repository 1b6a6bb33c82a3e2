"""The database of Django's settings, as the engine names it."""

from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from headrace.errors import ConfigurationError


def django_address(alias: str = "default") -> str:
    """The address of an entry of `DATABASES`, for `Headrace(django_address())`.

    Raises ConfigurationError where there is none of that name, or it is no PostgreSQL.
    """
    databases: dict[str, dict[str, Any]] = settings.DATABASES
    chosen = databases.get(alias)
    if chosen is None or "postg" not in str(chosen.get("ENGINE", "")):
        engine = None if chosen is None else chosen.get("ENGINE")
        raise ConfigurationError(f"DATABASES[{alias!r}] must be a PostgreSQL database, got {engine!r}")
    user = ":".join(quote(str(chosen[key]), safe="") for key in ("USER", "PASSWORD") if chosen.get(key))
    host, port = str(chosen.get("HOST") or ""), str(chosen.get("PORT") or "")
    options: dict[str, Any] = chosen.get("OPTIONS") or {}
    query = {"sslmode": options["sslmode"]} if "sslmode" in options else {}
    if not host or host.startswith("/"):
        query |= {key: value for key, value in (("host", host), ("port", port)) if value}
        place = ""
    else:
        place = f"{host}:{port}" if port else host
    tail = f"?{urlencode(query)}" if query else ""
    return f"postgresql://{f'{user}@' if user else ''}{place}/{quote(str(chosen['NAME']), safe='')}{tail}"
