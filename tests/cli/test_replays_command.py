"""`headrace events replay` and `headrace replays`."""

import pytest

pytestmark = pytest.mark.timeout(60)  # each command is a process of its own, one after the other


@pytest.fixture(autouse=True)
def shop(tmp_path):
    (tmp_path / "shop.py").write_text(
        "import msgspec\n"
        "from headrace import Headrace, event\n"
        "@event('note.taken')\n"
        "class NoteTaken(msgspec.Struct):\n"
        "    text: str\n"
        "app = Headrace(name='shop')\n"
        "app.register(NoteTaken)\n"
        "@app.on(NoteTaken, mode='ordered', name='copy', start='now')\n"
        "async def copy(events, tx):\n"
        "    await tx.execute('SELECT 1')\n"
    )


async def test_a_replay_is_begun_shown_paused_resumed_and_cancelled(headrace, history):
    shop = ("--app", "shop:app")
    begun = await headrace(*shop, "events", "replay", "copy", "--stream", "contact/1", "--reason", "why not", "--json")
    assert begun.code == 0, begun.err
    replay_id = begun.json["id"]
    assert begun.json["filter"]["stream"] == {"aggregate_type": "contact", "aggregate_id": "1"}
    assert begun.json["until"] == 10

    paused = await headrace(*shop, "replays", "pause", replay_id)
    assert "copy: paused, 0 %, 0 events" in paused.out
    listed = await headrace(*shop, "replays", "list")
    assert "why not" in listed.out
    resumed = await headrace(*shop, "replays", "resume", replay_id, "--json")
    assert resumed.json["state"] == "waiting"
    cancelled = await headrace(*shop, "replays", "cancel", replay_id)
    assert "cancelled" in cancelled.out
    shown = await headrace(*shop, "replays", "show", replay_id, "--json")
    assert (shown.json["state"], shown.json["reason"]) == ("cancelled", "why not")


async def test_what_is_not_there_ends_the_command(headrace, history):
    missing = await headrace("replays", "show", "00000000-0000-7000-8000-000000000000")
    assert (missing.code, "headrace replays list" in missing.err) == (3, True)
    unknown = await headrace("--app", "shop:app", "events", "replay", "paste")
    assert (unknown.code, "no handler is named 'paste'" in unknown.err) == (1, True)


async def test_a_dry_run_prints_what_would_change(headrace, history, tmp_path):
    source = tmp_path / "shop.py"
    source.write_text(
        source.read_text().replace(
            "'SELECT 1'", "'INSERT INTO copy VALUES ($1, $2)', events[0].position, events[0].data.text"
        )
        + "    await tx.enqueue('copy-more', 5)\napp.declare('copy-more')\n"
    )
    command = ("--app", "shop:app", "events", "replay", "copy", "--dry-run", "--batch-size", "5")
    told = await headrace(*command)
    assert told.code == 0, told.err
    assert "public.copy: 2 inserted, 0 updated, 0 deleted (no primary key" in told.out
    assert '+ {"text":"0","position":1}' in told.out
    assert "would enqueue 2 copy-more" in told.out
    as_json = (await headrace(*command, "--json")).json
    assert (as_json["jobs"], as_json["event_count"]) == ({"copy-more": 2}, 10)
    async with history.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM copy") == 0
