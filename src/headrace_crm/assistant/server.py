"""The server: which tools it has, what it says of them, and what becomes of a call that fails."""

import json
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from typing import Any, Final

from mcp.server import MCPServer
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import AnyHttpUrl

from headrace import Headrace, bind
from headrace_crm.assistant.access import READ, DatabaseTokens, caller
from headrace_crm.assistant.acting import ActingTools
from headrace_crm.assistant.quoting import quoted
from headrace_crm.assistant.reading import ReadingTools
from headrace_crm.assistant.wording import DESCRIPTIONS, INSTRUCTIONS, advice
from headrace_crm.errors import CrmError
from headrace_crm.search.desk import Desk

_ERROR_CHARS: Final = 1_000
_RECORDED_CHARS: Final = 500
_LOOKS: Final = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_ACTS: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


class Assistant(MCPServer[Any]):
    """An MCP server on an open CRM. Every call is told by an event: those that fail by `ai.query_executed` too."""

    def __init__(
        self,
        app: Headrace,
        desk: Desk,
        *,
        owners: Sequence[str] = (),
        is_acting: bool = False,
        public_url: str | None = None,
    ) -> None:
        self._desk = desk
        self._is_remote = public_url is not None
        super().__init__(
            "headrace-crm",
            title="Headrace CRM",
            instructions=INSTRUCTIONS,
            version=version("headrace"),
            log_level="WARNING",
            subscriptions=False,
            token_verifier=None if public_url is None else DatabaseTokens(app),
            auth=None
            if public_url is None
            else AuthSettings(issuer_url=AnyHttpUrl(public_url), resource_server_url=None, required_scopes=[READ]),
        )
        reading = ReadingTools(app, desk, owners)
        for tool in (
            reading.search,
            reading.ask,
            reading.contact,
            reading.contacts,
            reading.timeline,
            reading.insights,
            reading.activity,
        ):
            self._add(tool, _LOOKS)
        if is_acting:
            acting = ActingTools(app, reading, is_remote=self._is_remote)
            for tool in (acting.accept_insight, acting.dismiss_insight, acting.enter_fact, acting.tag_contact):
                self._add(tool, _ACTS)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Calls a tool. Raises ToolError with what is wrong and what to do instead, and tells of it by an event."""
        with bind(actor=caller(is_remote=self._is_remote)):
            try:
                return await super().call_tool(name, arguments, context)
            except UnexpectedToolError as error:
                await self._tell(name, arguments, "refused" if isinstance(error.__cause__, CrmError) else "failed")
                if isinstance(error.__cause__, CrmError):
                    raise ToolError(quoted(advice(error.__cause__), _ERROR_CHARS)) from error.__cause__
                raise
            except ToolError as error:
                await self._tell(name, arguments, "refused")
                raise ToolError(quoted(str(error), _ERROR_CHARS)) from error.__cause__

    def _add(self, tool: Callable[..., Awaitable[object]], annotations: ToolAnnotations) -> None:
        name = tool.__name__
        self.add_tool(tool, name=name, description=DESCRIPTIONS[name], annotations=annotations, structured_output=True)

    async def _tell(self, name: str, arguments: dict[str, Any], outcome: str) -> None:
        text = json.dumps(arguments, ensure_ascii=False, default=str)
        await self._desk.record(
            quoted(name, 100), quoted(text, _RECORDED_CHARS), (), answered_by=outcome, found_count=0
        )
