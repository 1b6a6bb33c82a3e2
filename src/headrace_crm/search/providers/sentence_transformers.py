"""Vectors by a sentence-transformers model on the CPU, from the extra `minilm`."""

import asyncio
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
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
        self._dimension: int | None = None

    @property
    def is_near(self) -> bool:
        return False

    async def model(self) -> EmbeddingModel:
        """Loads the model, since only that tells its dimension. Raises EmbedderError where it cannot."""
        # By a vector of it: versions of the package differ in how they tell, and some models do not.
        if self._dimension is None:
            (vector,) = await self.embed(["How long is a vector?"])
            self._dimension = len(vector)
        return EmbeddingModel(self._name, self._version, self._dimension)

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
                    self._loaded = self._found(import_module("sentence_transformers").SentenceTransformer)
                except (ImportError, OSError, ValueError) as error:
                    raise EmbedderError(
                        f"the model {self._name!r} cannot be loaded: {error}; install headrace[minilm], "
                        "and name a model it knows or a folder in HEADRACE_EMBEDDING_MODEL"
                    ) from error
            return self._loaded

    def _found(self, load: Any) -> Any:
        try:
            # What is on this machine counts: a hub may give other weights by the same name, and their vectors would be
            # compared with those of the weights before.
            return load(self._name, device="cpu", local_files_only=True)
        except (OSError, ValueError):
            if _is_path(self._name):
                raise
            return load(self._name, device="cpu")


def _is_path(name: str) -> bool:
    """True for what can only be a folder: the package knows its models as `name` or `owner/name`."""
    return Path(name).is_dir() or name.startswith((".", "/", "~")) or name.count("/") > 1
