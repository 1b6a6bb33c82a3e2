"""Relationship scores: how strong a relationship is, where it is going, who answers whom and how fast."""

from headrace_crm.scores.model import Direction, Interaction, Score, Trend
from headrace_crm.scores.score import score

__all__ = ["Direction", "Interaction", "Score", "Trend", "score"]
