"""Settings of the CRM, made once at the start and passed down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`pool_size` is the most database sessions one process uses at a time, at least 4."""

    pool_size: int = 10

    def __post_init__(self) -> None:
        if self.pool_size < 4:  # noqa: PLR2004 - a reader, a batch, a projection and the engine's own
            raise ValueError(f"pool_size must be at least 4, got {self.pool_size}")
