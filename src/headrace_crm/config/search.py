"""Settings of search: which model makes vectors, and how words and vectors count together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, TypeAlias, cast, get_args

from headrace import ConfigurationError

Embedder: TypeAlias = Literal["wordllama", "sentence-transformers", "http", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """`embedder` makes the vectors; "none" is full text alone.

    `embedding_model` names the model of the other two (for sentence-transformers also a folder), and
    `embedding_version` changes when the weights behind that name do: every passage is embedded anew then.
    `embedding_url` is the address of an OpenAI-compatible API, up to and without `/embeddings`;
    `embedding_key` goes there as a bearer token. `language` is a text search configuration of PostgreSQL.
    `word_weight` is what words count beside vectors, from 0 to 1.
    """

    embedder: Embedder = "wordllama"
    embedding_model: str = ""
    embedding_version: str = "1"
    embedding_url: str = ""
    embedding_key: str = field(default="", repr=False)
    embedding_batch: int = 64
    language: str = "english"
    word_weight: float = 0.5

    def __post_init__(self) -> None:
        if self.embedder not in get_args(Embedder):
            raise ConfigurationError(
                f"the embedder must be one of {', '.join(get_args(Embedder))}, got {self.embedder!r}"
            )
        if self.embedder in {"sentence-transformers", "http"} and not self.embedding_model:
            raise ConfigurationError(
                f"the embedder {self.embedder!r} needs a model; name it in HEADRACE_EMBEDDING_MODEL or embedding_model"
            )
        if self.embedder == "http" and not self.embedding_url.startswith(("http://", "https://")):
            raise ConfigurationError(
                f"the embedder 'http' needs an address, got {self.embedding_url!r}; "
                "set HEADRACE_EMBEDDING_URL to one like https://api.example.com/v1"
            )
        if not 1 <= self.embedding_batch <= 2048:  # noqa: PLR2004 - the most that APIs of this kind take
            raise ConfigurationError(f"embedding_batch must be from 1 to 2048, got {self.embedding_batch}")
        if not 0 <= self.word_weight <= 1:
            raise ConfigurationError(f"word_weight must be from 0 to 1, got {self.word_weight}")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """What the environment says; defaults where it says nothing.

        Raises ConfigurationError for values that cannot be used.
        """
        default = cls()
        weight, batch = environ.get("HEADRACE_SEARCH_WORD_WEIGHT"), environ.get("HEADRACE_EMBEDDING_BATCH")
        try:
            word_weight = float(weight) if weight else default.word_weight
            embedding_batch = int(batch) if batch else default.embedding_batch
        except ValueError as error:
            raise ConfigurationError(
                f"HEADRACE_SEARCH_WORD_WEIGHT and HEADRACE_EMBEDDING_BATCH must be numbers: {error}"
            ) from None
        return cls(
            embedder=cast("Embedder", environ.get("HEADRACE_EMBEDDER") or default.embedder),
            embedding_model=environ.get("HEADRACE_EMBEDDING_MODEL", default.embedding_model),
            embedding_version=environ.get("HEADRACE_EMBEDDING_VERSION") or default.embedding_version,
            embedding_url=environ.get("HEADRACE_EMBEDDING_URL", default.embedding_url).rstrip("/"),
            embedding_key=environ.get("HEADRACE_EMBEDDING_KEY", default.embedding_key),
            embedding_batch=embedding_batch,
            language=environ.get("HEADRACE_SEARCH_LANGUAGE") or default.language,
            word_weight=word_weight,
        )
