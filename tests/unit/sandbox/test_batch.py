import json
import re

from fix_sandbox import GmailClient


def parts_of(answer) -> dict[str, tuple[int, dict]]:
    """Status and JSON of every part, by its Content-ID."""
    boundary = re.search(r"boundary=(\S+)", answer.headers["content-type"])[1]
    found = {}
    for piece in answer.text.split(f"--{boundary}")[1:-1]:
        outer, inner, body = piece.strip("\r\n").split("\r\n\r\n")
        status = int(inner.split()[1])
        found[re.search(r"Content-ID: (\S+)", outer)[1]] = (status, json.loads(body))
    return found


async def test_calls_of_a_batch_are_answered_one_by_one_under_their_names(sandbox, gmail: GmailClient):
    ids = [message.id for message in sandbox.google.mailbox().messages[:3]]
    targets = [f"/gmail/v1/users/me/messages/{each}?format=raw" for each in ids]
    answer = await gmail.batch(
        [*targets, "/gmail/v1/users/me/messages/ffff", "https://host.example/gmail/v1/users/me/profile"]
    )
    parts = parts_of(answer)
    assert {name: status for name, (status, _) in parts.items()} == {
        "<response-item-0>": 200,
        "<response-item-1>": 200,
        "<response-item-2>": 200,
        "<response-item-3>": 404,
        "<response-item-4>": 200,
    }
    assert [parts[f"<response-item-{n}>"][1]["id"] for n in range(3)] == ids
    assert sandbox.counters.requests("gmail.users.messages.get") == 4
    assert sandbox.counters.requests("gmail.batch") == 1


async def test_calls_beyond_the_quota_are_refused_inside_the_batch(sandbox, gmail: GmailClient):
    sandbox.google.configure(user_units=100)
    ids = [message.id for message in sandbox.google.mailbox().messages[:7]]
    parts = parts_of(await gmail.batch([f"/gmail/v1/users/me/messages/{each}?format=raw" for each in ids]))
    assert sorted(status for status, _ in parts.values()) == [200] * 5 + [429] * 2
    assert parts["<response-item-6>"][1]["error"]["errors"][0]["reason"] == "rateLimitExceeded"
    assert sandbox.google.most_units_in_a_minute() == 100
    assert sandbox.google.refused_overruns() == 2


async def test_a_batch_of_a_hundred_is_taken_and_one_of_more_is_not(sandbox, gmail: GmailClient):
    profile = "/gmail/v1/users/me/profile"
    assert len(parts_of(await gmail.batch([profile] * 100))) == 100
    assert (await gmail.batch([profile] * 101)).status_code == 400
    assert (await gmail.batch([])).status_code == 400


async def test_without_a_token_every_call_of_a_batch_is_refused(gmail: GmailClient):
    gmail.token = "made-up"
    parts = parts_of(await gmail.batch(["/gmail/v1/users/me/profile"]))
    assert parts["<response-item-0>"][0] == 401
