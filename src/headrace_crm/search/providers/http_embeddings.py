"""Vectors by any API with OpenAI's `POST /embeddings`."""

import asyncio
import math
from collections.abc import Sequence
from http import HTTPStatus

import httpx
import msgspec

from headrace_crm.kit.http import open_client
from headrace_crm.search.embedder import EmbedderError, EmbeddingModel

_PROBE = "dimension"


class _Item(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Item]


class HttpEmbedder:
    """Sends texts to `{url}/embeddings`, `key` as a bearer token; the key is in no message and no log."""

    def __init__(
        self, url: str, name: str, *, key: str, version: str, batch_size: int, timeout_seconds: float = 30.0
    ) -> None:
        self.batch_size = batch_size
        self._url = f"{url.rstrip('/')}/embeddings"
        self._name = name
        self._key = key
        self._version = version
        self._timeout = timeout_seconds
        self._model: EmbeddingModel | None = None

    @property
    def is_near(self) -> bool:
        return False

    async def model(self) -> EmbeddingModel:
        """Asks for one vector the first time, to learn the dimension. Raises EmbedderError."""
        if self._model is None:
            vector = (await self.embed([_PROBE]))[0]
            self._model = EmbeddingModel(self._name, self._version, len(vector))
        return self._model

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Raises EmbedderError where the API cannot be reached, refuses, or answers with something else."""
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        # Some APIs refuse an empty text.
        body = {"model": self._name, "input": [text or " " for text in texts], "encoding_format": "float"}
        try:
            async with asyncio.timeout(self._timeout), open_client() as client:
                answer = await client.post(self._url, json=body, headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            raise EmbedderError(f"{self._url} cannot be reached: {type(error).__name__}; it is tried again") from None
        if answer.status_code != HTTPStatus.OK:
            raise EmbedderError(
                f"{self._url} answered {answer.status_code}; check HEADRACE_EMBEDDING_KEY and HEADRACE_EMBEDDING_MODEL"
            )
        try:
            items = msgspec.json.decode(answer.content, type=_Answer).data
        except msgspec.DecodeError as error:
            raise EmbedderError(f"{self._url} answered with no embeddings: {error}") from None
        items.sort(key=lambda item: item.index)
        sizes = {len(item.embedding) for item in items}
        if [item.index for item in items] != list(range(len(texts))) or len(sizes) != 1 or 0 in sizes:
            raise EmbedderError(f"{self._url} was sent {len(texts)} texts and answered with {len(items)} embeddings")
        return [_unit(item.embedding) for item in items]


def _unit(vector: list[float]) -> list[float]:
    length = math.sqrt(math.fsum(value * value for value in vector))
    return [round(value / length, 6) for value in vector] if length else vector
