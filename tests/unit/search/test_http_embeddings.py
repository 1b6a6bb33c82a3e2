import logging

import pytest
from pytest_httpserver import HTTPServer

from headrace import ConfigurationError
from headrace_crm.config.search import SearchSettings
from headrace_crm.search.embedder import EmbedderError, EmbeddingModel
from headrace_crm.search.providers.http_embeddings import HttpEmbedder

SECRET = "sk-not-to-be-seen"


def embedder(server: HTTPServer) -> HttpEmbedder:
    return HttpEmbedder(server.url_for("/v1/"), "small", key=SECRET, version="2", batch_size=8)


def answer(*vectors: list[float]) -> dict:
    # In any order: `index` says which text each is of.
    return {"data": [{"index": number, "embedding": vector} for number, vector in reversed(list(enumerate(vectors)))]}


async def test_texts_become_vectors_of_length_1_in_their_order(httpserver: HTTPServer):
    httpserver.expect_request(
        "/v1/embeddings",
        method="POST",
        json={"model": "small", "input": ["one", " "], "encoding_format": "float"},
        headers={"Authorization": f"Bearer {SECRET}"},
    ).respond_with_json(answer([3.0, 4.0], [0.0, 0.0]))
    assert await embedder(httpserver).embed(["one", ""]) == [[0.6, 0.8], [0.0, 0.0]]


async def test_the_dimension_is_asked_for_once(httpserver: HTTPServer):
    httpserver.expect_oneshot_request("/v1/embeddings").respond_with_json(answer([1.0, 0.0, 0.0]))
    asked = embedder(httpserver)
    assert [await asked.model() for _ in range(2)] == [EmbeddingModel("small", "2", 3)] * 2


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"error": f"no such key {SECRET}"}, "answered 401"),
        (429, {}, "answered 429"),
        (200, {"data": []}, "sent 1 texts and answered with 0"),
        (200, {"oops": 1}, "answered with no embeddings"),
        (200, answer([1.0], [2.0]), "sent 1 texts and answered with 2"),
    ],
)
async def test_any_other_answer_is_an_error_without_the_key(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, status: int, body: dict, said: str
):
    httpserver.expect_request("/v1/embeddings").respond_with_json(body, status=status)
    with caplog.at_level(logging.DEBUG), pytest.raises(EmbedderError, match=said) as raised:
        await embedder(httpserver).embed(["one"])
    assert SECRET not in str(raised.value)
    assert SECRET not in caplog.text


async def test_a_server_that_is_away_is_an_error():
    away = HttpEmbedder("http://127.0.0.1:9", "small", key="", version="1", batch_size=8)
    with pytest.raises(EmbedderError, match="cannot be reached"):
        await away.model()


def test_settings_come_from_the_environment_and_hide_the_key():
    settings = SearchSettings.from_environment(
        {
            "HEADRACE_EMBEDDER": "http",
            "HEADRACE_EMBEDDING_MODEL": "small",
            "HEADRACE_EMBEDDING_URL": "https://api.example.com/v1/",
            "HEADRACE_EMBEDDING_KEY": SECRET,
            "HEADRACE_EMBEDDING_BATCH": "16",
            "HEADRACE_SEARCH_WORD_WEIGHT": "0.4",
        }
    )
    assert (settings.embedding_url, settings.embedding_batch, settings.word_weight) == (
        "https://api.example.com/v1",
        16,
        0.4,
    )
    assert settings.embedding_key == SECRET
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"HEADRACE_EMBEDDER": "magic"}, "must be one of"),
        ({"HEADRACE_EMBEDDER": "http"}, "needs a model"),
        (
            {"HEADRACE_EMBEDDER": "http", "HEADRACE_EMBEDDING_MODEL": "m", "HEADRACE_EMBEDDING_URL": "ftp://x"},
            "needs an address",
        ),
        ({"HEADRACE_EMBEDDING_BATCH": "0"}, "from 1 to 2048"),
        ({"HEADRACE_SEARCH_WORD_WEIGHT": "much"}, "must be numbers"),
        ({"HEADRACE_SEARCH_WORD_WEIGHT": "2"}, "from 0 to 1"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(environ: dict[str, str], said: str):
    with pytest.raises(ConfigurationError, match=said):
        SearchSettings.from_environment(environ)
