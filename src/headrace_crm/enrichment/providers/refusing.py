"""What a provider means by a status that is no answer, where it is the same for all that look people up."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from headrace_crm.enrichment.outcome import Limited, Nothing, Refused
from headrace_crm.enrichment.providers.calling import Caller, limited_until


class _Told(msgspec.Struct):
    type: Any = ""
    message: str = ""


class _Error(msgspec.Struct):
    error: _Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How a provider's refusals are told: its name, the setting of its key, and what to say where nothing is left."""

    caller: Caller
    name: str
    key: str
    used_up: str

    def read(self, response: httpx.Response, *, now: datetime) -> Nothing | Refused | Limited:
        """The outcome of any status but those of success. Raises ProviderUnavailableError for one that says nothing."""
        match response.status_code:
            case HTTPStatus.NOT_FOUND:
                return Nothing()
            case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY:
                return Refused(f"{self.name} refused the question: {self._told(response)}", "person")
            case HTTPStatus.UNAUTHORIZED:
                return Refused(f"{self.name} refused the key ({self.key})")
            case HTTPStatus.PAYMENT_REQUIRED:
                return Refused(self.used_up, is_capped=True)
            case HTTPStatus.FORBIDDEN:
                return Refused(f"{self.name} refused access: {self._told(response)}")
            case HTTPStatus.TOO_MANY_REQUESTS:
                return Limited(limited_until(response.headers, now), f"the rate limit of {self.name}")
            case _:
                raise self.caller.unknown(response)

    def _told(self, response: httpx.Response) -> str:
        try:
            return self.caller.read(response, _Error).error.message[:200] or f"status {response.status_code}"
        except Exception:  # noqa: BLE001 - whatever the body is, the status says enough
            return f"status {response.status_code}"
