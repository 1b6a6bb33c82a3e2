"""The embedder of the extra `minilm`, against the package's own interface; what it is itself is in another test."""

import asyncio
import sys
from types import ModuleType

import numpy as np
import pytest

from headrace_crm.app import create_embedder
from headrace_crm.config.search import SearchSettings
from headrace_crm.search.embedder import EmbedderError, EmbeddingModel


class Model:
    """What `sentence_transformers.SentenceTransformer` is to us: letters counted into three numbers."""

    here = ("all-MiniLM-L6-v2",)
    loaded: list[str]
    asked: list[int]

    def __init__(self, name: str, *, device: str, local_files_only: bool = False) -> None:
        assert device == "cpu"
        if name.startswith("./") or (local_files_only and name not in self.here):
            raise OSError("it is not on this machine")
        if name == "nowhere":
            raise ValueError("no such model")
        self.loaded.append(f"{name} from a hub" if not local_files_only else name)

    def encode(
        self, sentences: list[str], *, batch_size: int, normalize_embeddings: bool, show_progress_bar: bool
    ) -> np.ndarray:
        assert (normalize_embeddings, show_progress_bar) == (True, False)
        self.asked.append(len(sentences))
        assert len(sentences) <= batch_size
        counts = np.array([[text.count(letter) + 1 for letter in "abc"] for text in sentences], dtype=np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> type[Model]:
    package = ModuleType("sentence_transformers")
    Model.loaded, Model.asked = [], []
    package.SentenceTransformer = Model
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    return Model


def embedder(name: str = "all-MiniLM-L6-v2"):
    found = create_embedder(
        SearchSettings(embedder="sentence-transformers", embedding_model=name, embedding_version="2")
    )
    assert found is not None
    return found


async def test_the_model_is_loaded_once_however_many_ask_and_vectors_keep_their_order(model: type[Model]):
    chosen = embedder()
    first, second, told = await asyncio.gather(chosen.embed(["aa", "b"]), chosen.embed(["c"]), chosen.model())
    assert told == EmbeddingModel("all-MiniLM-L6-v2", "2", 3)
    assert model.loaded == ["all-MiniLM-L6-v2"]
    assert [len(vector) for vector in first + second] == [3, 3, 3]
    assert first[0] == pytest.approx([3 / 11**0.5, 1 / 11**0.5, 1 / 11**0.5], abs=1e-4)
    assert first[0][0] > first[1][0]
    assert all(isinstance(number, float) for number in second[0])


async def test_a_model_is_looked_for_on_this_machine_first_and_a_folder_nowhere_else(model: type[Model]):
    await embedder("owner/another").model()
    assert model.loaded == ["owner/another from a hub"]
    with pytest.raises(EmbedderError, match=r"'./models/mine' cannot be loaded: it is not on this machine"):
        await embedder("./models/mine").model()


async def test_a_model_that_cannot_be_loaded_says_what_to_install_and_name(model: type[Model]):
    with pytest.raises(EmbedderError, match=r"'nowhere' cannot be loaded: no such model; install headrace\[minilm\]"):
        await embedder("nowhere").embed(["a"])


async def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(EmbedderError, match=r"install headrace\[minilm\]"):
        await embedder().model()
