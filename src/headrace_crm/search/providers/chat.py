"""Language models over HTTP: any OpenAI-compatible chat API, and Anthropic's."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

import httpx
import msgspec

from headrace_crm.kit.http import open_client, retry_after
from headrace_crm.search.llm import LlmError, LlmMisconfiguredError, LlmUnavailableError

MAX_TOKENS: Final = 2_000
_ANTHROPIC_VERSION: Final = "2023-06-01"

AnswerT = TypeVar("AnswerT")


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Chat(msgspec.Struct):
    choices: list[_Choice]


class _Block(msgspec.Struct):
    type: str
    text: str = ""


class _Messages(msgspec.Struct):
    content: list[_Block]
    stop_reason: str | None = None


class OpenAiLlm:
    """`POST {url}/chat/completions`; `key` goes as a bearer token, and is in no message and no log."""

    def __init__(self, url: str, model: str, *, key: str, seconds: float) -> None:
        self.name = f"openai:{model}"
        self._url, self._model, self._key, self._seconds = f"{url}/chat/completions", model, key, seconds

    async def write(self, *, instructions: str, content: str) -> str:
        answer = await _post(
            self._url,
            {"Authorization": f"Bearer {self._key}"} if self._key else {},
            {
                "model": self._model,
                # Newer models refuse `max_tokens`, and any temperature but their own.
                "max_completion_tokens": MAX_TOKENS,
                "messages": [{"role": "system", "content": instructions}, {"role": "user", "content": content}],
            },
            self._seconds,
            _Chat,
        )
        choice = answer.choices[0] if answer.choices else None
        is_refused = choice is not None and (bool(choice.message.refusal) or choice.finish_reason == "content_filter")
        return _written(self.name, choice.message.content if choice is not None else None, is_refused=is_refused)


class AnthropicLlm:
    """`POST {url}/v1/messages`; `key` goes as `x-api-key`, and is in no message and no log."""

    def __init__(self, url: str, model: str, *, key: str, seconds: float) -> None:
        self.name = f"anthropic:{model}"
        self._url, self._model, self._key, self._seconds = f"{url}/v1/messages", model, key, seconds

    async def write(self, *, instructions: str, content: str) -> str:
        answer = await _post(
            self._url,
            {"x-api-key": self._key, "anthropic-version": _ANTHROPIC_VERSION},
            {
                "model": self._model,
                "max_tokens": MAX_TOKENS,
                "system": instructions,
                "messages": [{"role": "user", "content": content}],
            },
            self._seconds,
            _Messages,
        )
        text = "".join(block.text for block in answer.content if block.type == "text")
        return _written(self.name, text, is_refused=answer.stop_reason == "refusal")


def _written(name: str, text: str | None, *, is_refused: bool) -> str:
    if is_refused or not text:
        raise LlmError(f"{name} refused to answer" if is_refused else f"{name} wrote nothing")
    return text


async def _post(
    url: str, headers: Mapping[str, str], body: Mapping[str, Any], seconds: float, answer_type: type[AnswerT]
) -> AnswerT:
    try:
        async with asyncio.timeout(seconds), open_client(headers=headers, answer=timedelta(seconds=seconds)) as client:
            answer = await client.post(url, json=body)
    except (httpx.TimeoutException, TimeoutError):
        raise LlmUnavailableError(
            f"{url} gave no answer in {seconds:g} seconds; HEADRACE_LLM_SECONDS allows more"
        ) from None
    except httpx.InvalidURL as error:
        raise LlmMisconfiguredError(f"{url} cannot be reached: {type(error).__name__}") from None
    except httpx.HTTPError as error:
        raise LlmUnavailableError(f"{url} cannot be reached: {type(error).__name__}") from None
    if answer.status_code != HTTPStatus.OK:
        raise _refusal(url, answer)
    try:
        return msgspec.json.decode(answer.content, type=answer_type)
    except msgspec.DecodeError as error:
        raise LlmMisconfiguredError(f"{url} answered with something else than a text: {error}") from None


def _refusal(url: str, answer: httpx.Response) -> LlmError:
    status, wait = answer.status_code, retry_after(answer.headers, _moment_of(answer))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return LlmUnavailableError(f"{url} answered 429; its limit is reached, ask again later", retry_after=wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return LlmUnavailableError(f"{url} answered {status}; the fault is its own, ask again later", retry_after=wait)
    return LlmMisconfiguredError(
        f"{url} answered {status}; check HEADRACE_LLM_URL, HEADRACE_LLM_KEY and HEADRACE_LLM_MODEL"
    )


def _moment_of(answer: httpx.Response) -> datetime:
    """When it was given, by the clock that a date in `Retry-After` is of too."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)
