import math

import pytest

from headrace_crm.search.providers.wordllama import WordllamaEmbedder


def nearness(one: list[float], other: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


async def test_vectors_are_of_length_1_alone_and_in_a_batch_and_damp_what_is_said_again():
    embedder = WordllamaEmbedder()
    short, long = "The hull leaks.", "Ignition was aborted because the oxygen valve of the second stage froze."
    together = await embedder.embed([short, long, "", "hull", "valve", f"hull {'valve ' * 20}"])
    assert (await embedder.embed([short]))[0] == together[0]
    assert (await embedder.model()).dimension == len(together[0])
    assert [math.hypot(*vector) for vector in together] == pytest.approx([1, 1, 0, 1, 1, 1], abs=1e-3)
    assert nearness((await embedder.embed(["a leaking ship"]))[0], together[0]) > nearness(together[0], together[1])
    # Averaged plainly, what is said twenty times would be all there is: 0.999 and 0.10.
    assert nearness(together[5], together[4]) < 0.98
    assert nearness(together[5], together[3]) > 0.2
