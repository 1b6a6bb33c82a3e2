"""What makes vectors of texts: one interface for every model, in this process or behind an API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from headrace_crm.errors import CrmError


class EmbedderError(CrmError):
    """A model cannot be loaded, or did not answer; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """Which model a vector is of. Vectors of two models that differ in any of these are never compared."""

    name: str
    version: str
    dimension: int


class Embedder(Protocol):
    """Makes vectors, a batch of texts at a time.

    Loading is put off to the first use, and happens once in a process. Raises EmbedderError from both
    methods; a job that meets it is tried again.
    """

    @property
    def batch_size(self) -> int:
        """The most texts for one call."""
        ...

    @property
    def is_near(self) -> bool:
        """Whether a few texts take milliseconds, in this process: so little that a transaction may wait for it."""
        ...

    async def model(self) -> EmbeddingModel:
        """Which model this is; its dimension may have to be asked for."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector for each text, of length 1; all zeros for a text in which the model knows nothing."""
        ...
