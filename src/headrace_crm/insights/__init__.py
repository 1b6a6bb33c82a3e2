"""Insights: what is worth doing about people, found by rules, with what speaks for it."""

from headrace_crm.insights.answering import accept, dismiss
from headrace_crm.insights.digests import Digest, newest_digest
from headrace_crm.insights.forgetting import forget_words
from headrace_crm.insights.model import KINDS, STATES, Kind, State
from headrace_crm.insights.reading import Insight, InsightNotFoundError, list_insights, read_insight

__all__ = [
    "KINDS",
    "STATES",
    "Digest",
    "Insight",
    "InsightNotFoundError",
    "Kind",
    "State",
    "accept",
    "dismiss",
    "forget_words",
    "list_insights",
    "newest_digest",
    "read_insight",
]
