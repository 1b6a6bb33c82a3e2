import asyncio

from headrace import uuid7


async def test_it_is_told_in_sentences_and_in_json(headrace, app):
    app.declare("mail", queue="mails")
    job = await app.enqueue("mail")
    text, as_json, missing = await asyncio.gather(
        headrace("jobs", "explain", str(job.id)),
        headrace("jobs", "explain", str(job.id), "--json"),
        headrace("jobs", "explain", str(uuid7())),
    )
    assert text.out == "no worker serves queue mails; start one with --queue mails, or without --queue\n"
    assert [(one["reason"], one["queue"]) for one in as_json.json] == [("no-worker", "mails")]
    assert (missing.code, missing.out) == (3, "")
