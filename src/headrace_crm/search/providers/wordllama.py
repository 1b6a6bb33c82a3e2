"""Vectors by `wordllama`: its word vectors, averaged here, with the weights in its wheel; needs no network."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from headrace_crm.search.embedder import EmbedderError, EmbeddingModel

DIMENSION: Final = 256
_BATCH: Final = 256
_DECIMALS: Final = 5
"""As many as half precision can hold."""
_AVERAGED: Final = "log"
"""How word vectors are averaged, which makes another model: here by 1 + the logarithm of how often a word is said."""
_LOADING: Final = threading.Lock()


class WordllamaEmbedder:
    """The default: thousands of texts a second on one core."""

    @property
    def batch_size(self) -> int:
        return _BATCH

    @property
    def is_near(self) -> bool:
        return True

    async def model(self) -> EmbeddingModel:
        """Known without loading the weights. Raises EmbedderError where the package is not installed."""
        if find_spec("wordllama") is None:
            raise EmbedderError(
                "the package wordllama is not installed here; install headrace[crm] on Python 3.13 or older, "
                "or set HEADRACE_EMBEDDER to 'http', 'sentence-transformers' or 'none'"
            )
        return EmbeddingModel("wordllama-l2-supercat", _version(), DIMENSION)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        await self.model()
        return await asyncio.to_thread(_embed, list(texts))


@cache
def _version() -> str:
    """Read once: it is in a file."""
    return f"{version('wordllama')}+{_AVERAGED}"


def _embed(texts: list[str]) -> list[list[float]]:
    import numpy as np  # noqa: PLC0415 - part of an extra, and slow to load

    with _LOADING:
        model = _load()
    words: Any = model.embedding
    found: Any = np.zeros((len(texts), words.shape[1]), dtype=np.float32)
    for row, encoding in enumerate(model.tokenizer.encode_batch(texts, add_special_tokens=False)):
        tokens, times = np.unique(np.asarray(encoding.ids, dtype=np.int64), return_counts=True)
        # A word said ten times does not make a text ten times as much about it.
        found[row] = (1 + np.log(times)).astype(np.float32) @ words[np.minimum(tokens, len(words) - 1)]
    lengths: Any = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Any = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    rows: list[list[float]] = unit.round(_DECIMALS).tolist()
    return rows


@cache
def _load() -> Any:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        package = import_module("wordllama")
        # It looks for its tokenizer where the wheel does not have it, and would then ask a server.
        model = package.WordLlama.load(cache_dir=Path(str(package.__file__)).parent, disable_download=True)
    except (ImportError, OSError) as error:
        raise EmbedderError(f"wordllama cannot be loaded: {error}; set HEADRACE_EMBEDDER to another one") from error
    else:
        # It pads to the longest of a batch, which would be averaged too.
        model.tokenizer.no_padding()
        return model
    finally:
        # Importing it sets up logging for the whole process.
        root.setLevel(level)
        for handler in [one for one in root.handlers if one not in handlers]:
            root.removeHandler(handler)
