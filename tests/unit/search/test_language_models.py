import logging
import threading
from datetime import timedelta

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from headrace import ConfigurationError
from headrace_crm.config.assistant import AssistantSettings
from headrace_crm.search.llm import Llm, LlmError, LlmUnavailableError
from headrace_crm.search.providers.chat import MAX_TOKENS, AnthropicLlm, OpenAiLlm

SECRET = "sk-not-to-be-seen"
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
VENDORS = pytest.mark.parametrize("vendor", ["openai", "anthropic"])


def model(vendor: str, server: HTTPServer, *, seconds: float = 10.0) -> Llm:
    if vendor == "openai":
        return OpenAiLlm(server.url_for("/v1"), "small", key=SECRET, seconds=seconds)
    return AnthropicLlm(server.url_for("").rstrip("/"), "small", key=SECRET, seconds=seconds)


async def test_an_openai_compatible_model_is_asked_and_answers(httpserver: HTTPServer):
    httpserver.expect_request(
        PATHS["openai"],
        method="POST",
        headers={"Authorization": f"Bearer {SECRET}"},
        json={
            "model": "small",
            "max_completion_tokens": MAX_TOKENS,
            "messages": [{"role": "system", "content": "do"}, {"role": "user", "content": "mail"}],
        },
    ).respond_with_json({"choices": [{"message": {"role": "assistant", "content": "Tar."}, "finish_reason": "stop"}]})
    asked = model("openai", httpserver)
    assert asked.name == "openai:small"
    assert await asked.write(instructions="do", content="mail") == "Tar."


async def test_anthropics_model_is_asked_and_answers(httpserver: HTTPServer):
    httpserver.expect_request(
        PATHS["anthropic"],
        method="POST",
        headers={"x-api-key": SECRET, "anthropic-version": "2023-06-01"},
        json={
            "model": "small",
            "max_tokens": MAX_TOKENS,
            "system": "do",
            "messages": [{"role": "user", "content": "mail"}],
        },
    ).respond_with_json(
        {
            "content": [
                {"type": "thinking", "thinking": "hm"},
                {"type": "text", "text": "Ta"},
                {"type": "text", "text": "r."},
            ],
            "stop_reason": "end_turn",
        }
    )
    asked = model("anthropic", httpserver)
    assert asked.name == "anthropic:small"
    assert await asked.write(instructions="do", content="mail") == "Tar."


@pytest.mark.parametrize(
    ("vendor", "answer", "said"),
    [
        *(
            (vendor, (401, {"error": f"no such key {SECRET}"}), "answered 401; check HEADRACE_LLM_URL")
            for vendor in PATHS
        ),
        *((vendor, (429, {}), "answered 429; its limit is reached") for vendor in PATHS),
        *((vendor, (500, {}), "answered 500; the fault is its own") for vendor in PATHS),
        *((vendor, (302, {}), "answered 302") for vendor in PATHS),
        *((vendor, (200, {"oops": 1}), "answered with something else") for vendor in PATHS),
        ("openai", (200, {"choices": []}), "wrote nothing"),
        ("openai", (200, {"choices": [{"message": {"content": None, "refusal": "No."}}]}), "refused to answer"),
        (
            "openai",
            (200, {"choices": [{"message": {"content": "Ta"}, "finish_reason": "content_filter"}]}),
            "refused to answer",
        ),
        ("anthropic", (200, {"content": [], "stop_reason": "refusal"}), "refused to answer"),
        ("anthropic", (200, {"content": [], "stop_reason": "end_turn"}), "wrote nothing"),
        ("anthropic", (529, {"error": {"type": "overloaded_error"}}), "answered 529; the fault is its own"),
    ],
)
async def test_any_other_answer_is_an_error_without_the_key(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, vendor: str, answer: tuple[int, dict], said: str
):
    httpserver.expect_request(PATHS[vendor]).respond_with_json(answer[1], status=answer[0])
    asked = model(vendor, httpserver)
    with caplog.at_level(logging.DEBUG), pytest.raises(LlmError, match=said) as raised:
        await asked.write(instructions="do", content="mail of others")
    for told in (str(raised.value), caplog.text, repr(asked)):
        assert SECRET not in told
    assert "mail of others" not in caplog.text


@VENDORS
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "20"}, timedelta(seconds=20)),
        ({"Retry-After": "Thu, 01 May 2131 12:00:30 GMT"}, timedelta(days=1)),
        ({}, None),
    ],
)
async def test_a_model_that_is_asked_too_much_says_when_to_come_again(
    httpserver: HTTPServer, vendor: str, headers: dict[str, str], wait: timedelta | None
):
    httpserver.expect_request(PATHS[vendor]).respond_with_json({}, status=429, headers=headers)
    with pytest.raises(LlmUnavailableError) as raised:
        await model(vendor, httpserver).write(instructions="do", content="mail")
    assert raised.value.retry_after == wait


@VENDORS
async def test_an_answer_that_is_no_json_is_an_error(httpserver: HTTPServer, vendor: str):
    httpserver.expect_request(PATHS[vendor]).respond_with_data("<html>", content_type="text/html")
    with pytest.raises(LlmError, match="something else"):
        await model(vendor, httpserver).write(instructions="do", content="mail")


@VENDORS
async def test_a_model_that_takes_too_long_is_not_waited_for(httpserver: HTTPServer, vendor: str):
    given_up = threading.Event()

    def hang(_: Request) -> Response:
        given_up.wait(10)
        return Response("late")

    httpserver.expect_request(PATHS[vendor]).respond_with_handler(hang)
    try:
        with pytest.raises(LlmError, match=r"no answer in 0\.2 seconds"):
            await model(vendor, httpserver, seconds=0.2).write(instructions="do", content="mail")
    finally:
        given_up.set()


async def test_a_model_that_is_away_is_an_error():
    with pytest.raises(LlmError, match="cannot be reached: ConnectError"):
        await OpenAiLlm("http://127.0.0.1:9/v1", "small", key="", seconds=5.0).write(instructions="do", content="mail")


def test_settings_come_from_the_environment_and_hide_the_key():
    settings = AssistantSettings.from_environment(
        {
            "HEADRACE_LLM": "anthropic",
            "HEADRACE_LLM_MODEL": "small",
            "HEADRACE_LLM_KEY": SECRET,
            "HEADRACE_LLM_SECONDS": "5",
            "HEADRACE_LLM_INSIGHTS_PER_DAY": "0",
        }
    )
    assert settings.llm_insights_per_day == 0
    assert (settings.url, settings.llm_seconds, settings.llm_key) == ("https://api.anthropic.com", 5.0, SECRET)
    assert SECRET not in repr(settings)
    own = AssistantSettings(llm="openai", llm_model="small", llm_url="http://127.0.0.1:11434/v1/")
    assert own.url == "http://127.0.0.1:11434/v1"
    assert AssistantSettings.from_environment({}) == AssistantSettings()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"HEADRACE_LLM": "magic"}, "must be one of"),
        ({"HEADRACE_LLM": "openai"}, "needs a model"),
        ({"HEADRACE_LLM_URL": "ftp://x"}, "address must be"),
        ({"HEADRACE_LLM_URL": f"https://me:{SECRET}@x.example"}, "address must be"),
        ({"HEADRACE_LLM_URL": "https://[x"}, "address must be"),
        ({"HEADRACE_LLM_KEY": f"{SECRET}\n"}, "no header can carry"),
        ({"HEADRACE_LLM_KEY": f"{SECRET}…"}, "no header can carry"),
        ({"HEADRACE_LLM_SECONDS": "soon"}, "must be a number"),
        ({"HEADRACE_LLM_SECONDS": "nan"}, "from 0 to 600"),
        ({"HEADRACE_LLM_SECONDS": "0"}, "from 0 to 600"),
        ({"HEADRACE_LLM_INSIGHTS_PER_DAY": "few"}, "must be a whole number"),
        ({"HEADRACE_LLM_INSIGHTS_PER_DAY": "1"}, "must be 0, for none, or from 2"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(environ: dict[str, str], said: str):
    with pytest.raises(ConfigurationError, match=said) as raised:
        AssistantSettings.from_environment(environ)
    assert SECRET not in str(raised.value)
