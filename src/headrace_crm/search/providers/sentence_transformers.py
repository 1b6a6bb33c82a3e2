"""Vectors by a sentence-transformers model on the CPU, from the extra `minilm`."""

import asyncio
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from headrace_crm.search.embedder import EmbedderError, EmbeddingModel

_BATCH: Final = 32
_DECIMALS: Final = 5


class SentenceTransformersEmbedder:
    """Any model the package loads: a name it knows, or a folder."""

    @property
    def batch_size(self) -> int:
        return _BATCH

    def __init__(self, name: str, *, version: str) -> None:
        self._name = name
        self._version = version
        self._loading = threading.Lock()
        self._loaded: Any = None

    @property
    def is_near(self) -> bool:
        return False

    async def model(self) -> EmbeddingModel:
        """Loads the model, since only that tells its dimension. Raises EmbedderError where it cannot."""
        loaded = await asyncio.to_thread(self._load)
        return EmbeddingModel(self._name, self._version, int(loaded.get_sentence_embedding_dimension()))

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._embed, list(texts))

    def _embed(self, texts: list[str]) -> list[list[float]]:
        found = self._load().encode(
            texts, batch_size=self.batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        return found.round(_DECIMALS).tolist()

    def _load(self) -> Any:
        with self._loading:
            if self._loaded is None:
                try:
                    package = import_module("sentence_transformers")
                    self._loaded = package.SentenceTransformer(self._name, device="cpu")
                except (ImportError, OSError, ValueError) as error:
                    raise EmbedderError(
                        f"the model {self._name!r} cannot be loaded: {error}; install headrace[minilm], "
                        "and name a model it knows or a folder in HEADRACE_EMBEDDING_MODEL"
                    ) from error
            return self._loaded
