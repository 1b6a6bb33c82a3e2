"""What a route asks of whoever calls it."""

from typing import Any

from headrace.console.access.principal import Role

ROLE = "x-headrace-role"
AREA = "x-headrace-area"


def needs(role: Role, area: str) -> dict[str, Any]:
    """Options of a route that wants a role, in an area a token may be restricted to; both stand in the document too.

    @router.post("/queues/{name}/pause", **needs("operator", "queues"))
    """
    return {"openapi_extra": {ROLE: role, AREA: area}, "tags": [area]}
