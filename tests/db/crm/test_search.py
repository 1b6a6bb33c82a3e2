import math
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from fix_crm import lend
from headrace import Headrace
from headrace.testing import assert_enqueued, drain
from headrace_crm.app import create_app, create_desk
from headrace_crm.config import Settings
from headrace_crm.config.search import SearchSettings
from headrace_crm.enrichment.contact import lock_contact
from headrace_crm.enrichment.entering import enter_fields
from headrace_crm.mail.importing import start_import
from headrace_crm.search.backlog import SearchBacklog, search_backlog
from headrace_crm.search.desk import PersonNotFoundError, Question
from headrace_crm.search.embedder import EmbedderError, EmbeddingModel
from headrace_crm.search.embedding import EMBED_KIND, EmbedPassages, batch_of, embed_at_once, embed_passages
from headrace_crm.search.forgetting import forget
from headrace_crm.search.searching import search

pytestmark = pytest.mark.timeout(60)

OWNER = "ada@example.org"
GRACE = "Grace Harbour <grace@boats.example>"
JOAN = "Joan Rivet <joan@rockets.example>"
LETTERS = [
    (
        1,
        GRACE,
        OWNER,
        "Leaking hull",
        "The ship takes in water at the stern. We should repair the hull before winter.",
        3,
    ),
    (2, OWNER, GRACE, "Re: Leaking hull", "Thanks, I will order tar.\n\n> repair the hull before winter", 4),
    (3, JOAN, OWNER, "Launch window", "Ignition was aborted because the oxygen valve froze.", 5),
    (4, JOAN, OWNER, "Budget", "The invoice for the second stage engine is attached.", 9),
    (5, "News <news@shop.example>", OWNER, "Hull sale", "Every hull half price! Repair kits too.", 6),
]


def write(path: Path) -> Path:
    texts = []
    for number, sender, to, subject, body, month in LETTERS:
        bulk = "List-Unsubscribe: <mailto:x@shop.example>\nPrecedence: bulk\n" if number == 5 else ""
        texts.append(
            f"From x@example.org Mon Jan  5 10:00:00 2026\nFrom: {sender}\nTo: {to}\nSubject: {subject}\n"
            f"Date: {datetime(2026, month, 5, 10, tzinfo=UTC):%a, %d %b %Y %H:%M:%S} +0000\n{bulk}"
            f"Message-ID: <{number}@example.org>\n\n{body}\n\n"
        )
    path.write_text("".join(texts))
    return path


@pytest.fixture
async def mailbox(database: str, tmp_path: Path) -> AsyncIterator[Headrace]:
    """Five letters, imported by an app without an embedder."""
    app = create_app(database, settings=Settings(search=SearchSettings(embedder="none")))
    async with app:
        await start_import(app, write(tmp_path / "box.mbox"), [OWNER])
        await drain(app)
        yield app


class Letters:
    """A model that counts letters; every text has a vector, and a few know the same as another."""

    batch_size = 2
    is_near = False

    def __init__(self, version: str, *, dimension: int = 26) -> None:
        self._model = EmbeddingModel("letters", version, dimension)
        self.calls: list[int] = []

    async def model(self) -> EmbeddingModel:
        return self._model

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.calls.append(len(texts))
        return [self._vector(text.lower()) for text in texts]

    def _vector(self, text: str) -> list[float]:
        counts = [float(text.count(chr(97 + number))) for number in range(self._model.dimension)]
        length = math.hypot(*counts)
        return [count / length for count in counts] if length else counts


async def test_mail_and_people_are_found_by_words_and_by_meaning(database: str, tmp_path: Path):
    settings = Settings(search=SearchSettings())
    async with create_app(database, settings=settings) as app:
        await start_import(app, write(tmp_path / "box.mbox"), [OWNER])
        await drain(app)
        desk = create_desk(app, channel="web", settings=settings)
        hull = await desk.search(Question(text="repair the hull"))
        meant = await desk.search(Question(text="a vessel that is damaged"))
        assert (hull.by, hull.note, meant.by) == ("words and vectors", None, "words and vectors")
        assert next((hit.title, hit.person, hit.direction) for hit in hull.hits) == (
            "Leaking hull",
            "Grace Harbour",
            "received",
        )
        assert "Hull sale" not in {hit.title for hit in hull.hits}
        assert meant.hits[0].title in {"Leaking hull", "Re: Leaking hull"}
        answer = next(hit for hit in hull.hits if hit.title == "Re: Leaking hull")
        assert answer.body == "Thanks, I will order tar."
        (person, *_) = (await desk.search(Question(text="rocket people", kinds=("contact",)))).hits
        assert (person.kind, person.address) == ("contact", "joan@rockets.example")

        async with lend(app) as connection:
            assert await search_backlog(connection, hull.hits[0].owner_id) == SearchBacklog(0, 0)
            told = await connection.fetch(
                "SELECT user_id, text, data->>'channel' AS channel FROM headrace.event "
                "JOIN crm.question ON query_id = (data->>'query_id')::uuid "
                "WHERE type = 'ai.query_executed' ORDER BY position"
            )
        assert [(row["text"], row["channel"]) for row in told] == [
            ("repair the hull", "web"),
            ("a vessel that is damaged", "web"),
            ("rocket people", "web"),
        ]
        assert {row["user_id"] for row in told} == {str(hull.hits[0].owner_id)}
        # What was asked is remembered, and found where it is asked for; vectors of so little need no job.
        await assert_enqueued(app, EMBED_KIND, count=1)
        assert EMBED_KIND not in (await drain(app)).kinds
        asked = await desk.search(Question(text="vessel", kinds=("question",)))
        assert next(hit.body for hit in asked.hits) == "a vessel that is damaged"


async def test_a_person_is_found_by_what_is_known_of_them_and_no_longer_by_what_was(mailbox: Headrace):
    desk = create_desk(mailbox, channel="cli")

    async def found(text: str) -> list[str]:
        await drain(mailbox)
        return [hit.person for hit in (await desk.search(Question(text=text, kinds=("contact",)))).hits]

    async def enter(title: str) -> None:
        async with mailbox.transaction() as tx:
            joan = await tx.fetchval("SELECT id FROM crm.contact WHERE name = 'Joan Rivet'")
            contact = await lock_contact(tx.connection, joan)
            assert await enter_fields(
                tx, contact, {"title": title, "organisation": "Weir Works"}, now=mailbox.clock.now()
            )

    assert await found("lighthouse keepers of weir works") == []
    await enter("Lighthouse keeper")
    assert await found("lighthouse keepers of weir works") == ["Joan Rivet"]
    await enter("Millwright")
    assert await found("lighthouse keepers") == []
    assert await found("millwright") == ["Joan Rivet"]


async def test_a_search_keeps_to_the_person_and_the_time_asked_for(mailbox: Headrace):
    desk = create_desk(mailbox, channel="cli")
    everything = "hull ignition invoice tar"

    async def titles(**asked: object) -> set[str]:
        found = await desk.search(Question(text=everything, kinds=("message",), **asked))
        assert found.by == "words"
        assert "HEADRACE_EMBEDDER" in found.note
        return {hit.title for hit in found.hits}

    assert await titles() == {"Leaking hull", "Re: Leaking hull", "Launch window", "Budget"}
    assert await titles(person="grace") == {"Leaking hull", "Re: Leaking hull"}
    assert await titles(person="joan@rockets.example", since=datetime(2026, 6, 1, tzinfo=UTC)) == {"Budget"}
    assert await titles(before=datetime(2026, 4, 1, tzinfo=UTC)) == {"Leaking hull"}
    assert len(await titles(limit=2)) == 2
    with pytest.raises(PersonNotFoundError, match="nobody"):
        await titles(person="nobody")


async def test_any_query_is_answered(mailbox: Headrace):
    desk = create_desk(mailbox, channel="cli")
    for query in ("", "   ", "the of and", "'); DROP TABLE x; --", "a\\'b & | !(", "\x00", "\ud800"):
        assert (await desk.search(Question(text=query))).hits == ()


async def test_another_model_embeds_everything_anew_and_mixes_nothing(mailbox: Headrace):
    app, first, second = mailbox, Letters("1"), Letters("2", dimension=20)

    async def vectors() -> list[tuple]:
        async with lend(app) as connection:
            rows = await connection.fetch(
                "SELECT version, count(*), min(vector_dims(vector)), max(vector_dims(vector)) FROM crm.embedding "
                "JOIN crm.embedding_model ON id = model_id GROUP BY version"
            )
        return [tuple(row) for row in rows]

    async def by(embedder: Letters) -> tuple[str, str | None]:
        async with lend(app) as connection:
            found = await search(connection, "hull", embedder=embedder, language="english", word_weight=0.5)
        return found.by, found.note

    assert "no worker has made vectors" in (await by(first))[1]
    # Stored while there was no embedder, so nothing waits; a look at everything finds them: four letters, two people.
    assert await embed_passages(app, first, EmbedPassages()) == {"passages": 6}
    assert first.calls == [2, 2, 2]
    assert await by(first) == ("words and vectors", None)
    assert await embed_passages(app, first, EmbedPassages(looks_everywhere=True)) == {}
    assert "letters 2" in (await by(second))[1]

    assert await embed_passages(app, second, EmbedPassages()) == {"passages": 6, "models_dropped": 1}
    assert await vectors() == [("2", 6, 20, 20)]
    assert (await by(second))[0] == "words and vectors"
    assert (await by(first))[0] == "words"


async def test_a_few_passages_have_vectors_at_once_where_the_model_is_near_and_ready_and_the_newest(mailbox: Headrace):
    class Near(Letters):
        is_near = True

    class Away(Near):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            raise EmbedderError("away")

    async with lend(mailbox) as connection:
        rows = await connection.fetch("SELECT id, title, body FROM crm.passage")
        batch = batch_of((row["id"], row["title"], row["body"]) for row in rows)
        many = batch_of((row["id"], row["title"], row["body"]) for row in rows * 3)

        async def vectors() -> list[tuple]:
            found = await connection.fetch("SELECT passage_id, vector::text FROM crm.embedding ORDER BY passage_id")
            return [tuple(row) for row in found]

        # Nothing is ready yet: there is no partition, and making it is the job's.
        assert not await embed_at_once(connection, Near("1"), batch)
        await embed_passages(mailbox, Near("1"), EmbedPassages())
        made = await vectors()
        await connection.execute("DELETE FROM crm.embedding")
        for embedder, some in ((Letters("1"), batch), (Near("2"), batch), (Away("1"), batch), (Near("1"), many)):
            assert not await embed_at_once(connection, embedder, some)
        assert await vectors() == []
        assert await embed_at_once(connection, Near("1"), batch)
        assert await vectors() == made
        assert len(made) == len(rows)
        await connection.execute("SELECT crm.ready_model('letters', '2', 20)")
        assert not await embed_at_once(connection, Near("1"), batch), "another model is to take its place"


async def test_a_batch_that_fails_leaves_what_was_embedded_before_it(mailbox: Headrace):
    class Failing(Letters):
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            if self.calls:
                raise EmbedderError("away")
            return await super().embed(texts)

    with pytest.raises(EmbedderError):
        await embed_passages(mailbox, Failing("1"), EmbedPassages())
    assert await embed_passages(mailbox, Letters("1"), EmbedPassages()) == {"passages": 4}


async def test_a_person_can_be_forgotten(mailbox: Headrace):
    await embed_passages(mailbox, Letters("1"), EmbedPassages())
    desk = create_desk(mailbox, channel="cli")
    await desk.search(Question(text="what does joan@rockets.example want"))
    await drain(mailbox)
    async with lend(mailbox) as connection:
        joan = await connection.fetchval("SELECT id FROM crm.contact WHERE name = 'Joan Rivet'")
        async with connection.transaction():
            gone = await forget(connection, ["Joan@Rockets.example"], contact_ids=[joan], now=datetime.now(UTC))
        assert not await connection.fetchval("SELECT count(*) FROM crm.question")
        left = await connection.fetchval("SELECT string_agg(title || body, ' ') FROM crm.passage")
        counts = [await connection.fetchval(f"SELECT count(*) FROM crm.{table}") for table in ("passage", "embedding")]
        words = {row["word"] for row in await connection.fetch("SELECT word FROM crm.word")}
    # Two letters, the person, and the question that named her.
    assert gone == 4
    assert counts == [3, 3]
    assert "rocket" not in left.lower()
    assert not {word for word in words if "rocket" in word or "joan" in word}


async def test_where_the_owner_may_not_make_extensions_there_are_no_vectors(connection: asyncpg.Connection):
    role = f"clerk_{uuid.uuid4().hex[:8]}"
    await connection.execute(
        f"CREATE ROLE {role}; GRANT USAGE, CREATE ON SCHEMA crm TO {role};"
        f"ALTER FUNCTION crm.ready_vectors() OWNER TO {role}; SET ROLE {role}"
    )
    try:
        assert await connection.fetchval("SELECT crm.ready_vectors()") is False
        assert await connection.fetchval("SELECT to_regclass('crm.embedding')") is None
    finally:
        await connection.execute(
            f"RESET ROLE; REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}"
        )
    assert await connection.fetchval("SELECT crm.ready_vectors()") is True
    assert await connection.fetchval("SELECT crm.ready_vectors()") is True
