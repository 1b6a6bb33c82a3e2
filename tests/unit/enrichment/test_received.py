"""An answer that is kept comes back as it came."""

from datetime import UTC, datetime

import pytest

from fix_enrichment import MAY, found
from headrace_crm.enrichment.outcome import Nothing, Refused
from headrace_crm.enrichment.profile import Handle
from headrace_crm.enrichment.provider import Post, Posts
from headrace_crm.enrichment.received import Kept, Looking, Received, decode_received, encode_received

BEFORE = datetime(2031, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "answer",
    [
        found(title="Miller", followers=7, topics=("mills", "rivers"), handles=[Handle("x", "ada_b", 0.85, "pdl")]),
        Posts([Post(created_at=BEFORE, topics=("mills\0", '\\u0000"')), Post()]),
        Nothing(),
        Refused("no such address", "person"),
        Refused("no credits", is_capped=True),
        Looking(MAY),
    ],
)
def test_every_kind_of_answer_is_read_as_it_was_kept_and_as_text_that_can_be_stored(answer: Kept):
    kept = encode_received(Received(answer, BEFORE))
    assert "\0" not in kept
    assert decode_received(kept) == Received(answer, BEFORE)
