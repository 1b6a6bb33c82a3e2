"""The embedder of the extra `minilm` on the package itself, with a model of random weights that the test makes."""

import asyncio
import socket
from pathlib import Path
from string import ascii_lowercase

import pytest

from headrace_crm.app import create_embedder
from headrace_crm.config.search import SearchSettings
from headrace_crm.search.embedder import EmbedderError, EmbeddingModel

sentence_transformers = pytest.importorskip(
    "sentence_transformers", reason="the extra minilm is not installed here: pip install 'headrace[minilm]'"
)

DIMENSION = 32
WORDS = ("mill", "river", "wheel", "stone", "flour", "water", "the", "is")


def embedder(name: str | Path):
    settings = SearchSettings(embedder="sentence-transformers", embedding_model=str(name), embedding_version="2")
    found = create_embedder(settings)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers with WordPiece over a few words and all letters, as the package saves its models."""
    import torch
    import transformers

    bert, saved = tmp_path_factory.mktemp("bert"), tmp_path_factory.mktemp("model")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *ascii_lowercase]
    pieces += [f"##{letter}" for letter in ascii_lowercase]
    (bert / "vocab.txt").write_text("\n".join(pieces) + "\n")
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=len(pieces),
        hidden_size=DIMENSION,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    transformers.BertModel(config).save_pretrained(bert)
    transformers.BertTokenizerFast.from_pretrained(bert).save_pretrained(bert)
    sentence_transformers.SentenceTransformer(str(bert), device="cpu", local_files_only=True).save(str(saved))
    assert (saved / "modules.json").exists()
    return saved


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whom anybody tried to reach over the network, in vain."""
    tried: list[object] = []

    def refuse(*args: object, **_options: object) -> None:
        tried.append(args)
        raise OSError("there is no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


async def test_a_folder_is_loaded_without_a_network_and_vectors_do_not_depend_on_their_batch(folder, offline):
    chosen = embedder(folder)
    assert await chosen.model() == EmbeddingModel(str(folder), "2", DIMENSION)
    texts = [" ".join(WORDS[: 1 + number % 7]) + " " + "ab" * (number % 5) for number in range(70)]
    assert len(texts) > 2 * chosen.batch_size
    together, alone = await asyncio.gather(
        chosen.embed(texts), asyncio.gather(*(chosen.embed([text]) for text in texts[:9]))
    )
    assert [len(vector) for vector in together] == [DIMENSION] * len(texts)
    assert all(sum(number * number for number in vector) == pytest.approx(1, abs=1e-3) for vector in together)
    for (one,), same in zip(alone, together, strict=False):
        assert one == pytest.approx(same, abs=1e-4)
    assert together[35] == pytest.approx(together[0], abs=1e-4)
    assert together[1] != pytest.approx(together[0], abs=1e-2)
    long, empty = await chosen.embed(["mill " * 500, ""])
    assert len(long) == len(empty) == DIMENSION
    assert offline == []


@pytest.mark.parametrize("has_files", [False, True])
async def test_a_folder_that_is_not_there_or_holds_no_model_is_told(tmp_path: Path, offline, has_files: bool):
    there = tmp_path / "model"
    if has_files:
        there.mkdir()
        (there / "config.json").write_text("{}")
    with pytest.raises(EmbedderError, match=r"model' cannot be loaded: .*headrace\[minilm\]"):
        await embedder(there).embed(["mill"])
    assert offline == []
