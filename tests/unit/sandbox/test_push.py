"""Pushes are real: over HTTP from the sandbox's thread to a server of the test's own."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from queue import Queue
from threading import Event

import httpx
import pytest
from google.auth import jwt
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from headrace_crm.sandbox import Fault, Sandbox

NOTE = b"From: a@weir.example\nSubject: News\n\nHello\n"
PATIENCE = 10


@dataclass
class Push:
    claims: dict
    body: dict

    @property
    def data(self) -> dict:
        return json.loads(base64.b64decode(self.body["message"]["data"]))


class Receiver:
    """Takes pushes, and answers them with the statuses of `script`, then 204."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.script: list[int] = []
        self.pushes: Queue[tuple[str, dict]] = Queue()
        server.expect_request("/push", method="POST").respond_with_handler(self._take)
        self.endpoint = server.url_for("/push")

    def _take(self, request: Request) -> Response:
        self.pushes.put((request.headers["Authorization"].removeprefix("Bearer "), request.get_json()))
        return Response(status=self.script.pop(0) if self.script else 204)


@pytest.fixture
def receiver(httpserver: HTTPServer) -> Receiver:
    return Receiver(httpserver)


@pytest.fixture
def watched(receiver: Receiver) -> Iterator[Sandbox]:
    """A served sandbox whose one mailbox is watched, and pushes to the receiver without any rest."""
    sandbox = Sandbox(messages=100)
    fast = timedelta(milliseconds=5)
    sandbox.google.configure(push_interval=timedelta(0), push_first_rest=fast, push_longest_rest=fast)
    sandbox.google.subscribe(receiver.endpoint)
    with sandbox.served():
        watch(sandbox)
        yield sandbox


def watch(sandbox: Sandbox, **more: object) -> dict:
    tokens = sandbox.google.link()
    answer = httpx.post(
        f"{sandbox.url}/gmail/v1/users/me/watch",
        json={"topicName": sandbox.google.rules.push_topic, **more},
        headers={"Authorization": f"Bearer {tokens.access_token}"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def take(sandbox: Sandbox, receiver: Receiver) -> Push:
    """The next push, its token verified the way a receiver has to."""
    token, body = receiver.pushes.get(timeout=PATIENCE)
    certificates = httpx.get(sandbox.google_settings().jwks_url).json()
    return Push(verified(token, certificates, audience=receiver.endpoint), body)


def verified(token: str, jwks: dict, *, audience: str) -> dict:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    def number(text: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")

    pems = {
        key["kid"]: RSAPublicNumbers(number(key["e"]), number(key["n"]))
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for key in jwks["keys"]
    }
    return dict(jwt.decode(token, certs=pems, audience=audience))


def test_a_change_is_pushed_with_a_token_that_verifies(watched: Sandbox, receiver: Receiver):
    mailbox = watched.google.mailbox()
    mailbox.deliver(NOTE)
    push = take(watched, receiver)
    assert push.data == {"emailAddress": mailbox.email, "historyId": mailbox.history_id}
    assert push.body["subscription"] == "projects/sandbox/subscriptions/gmail"
    assert push.body["message"]["messageId"].isdecimal()
    assert push.claims["iss"] == "https://accounts.google.com"
    assert (push.claims["email"], push.claims["email_verified"]) == (watched.google.rules.push_account, True)
    assert push.claims["exp"] - push.claims["iat"] == 3600
    assert watched.google_settings().push_audience == receiver.endpoint


def test_a_push_comes_again_until_it_is_acknowledged(watched: Sandbox, receiver: Receiver):
    receiver.script = [500, 429, 302, 203]
    watched.google.mailbox().deliver(NOTE)
    ids = {take(watched, receiver).body["message"]["messageId"] for _ in range(5)}
    assert len(ids) == 1
    watched.google.mailbox().deliver(NOTE)
    assert take(watched, receiver).body["message"]["messageId"] not in ids
    assert watched.counters.requests("pubsub.push") >= 5


def test_a_push_outlives_an_endpoint_that_is_down(watched: Sandbox, receiver: Receiver, unused_tcp_port: int):
    watched.google.subscribe(f"http://127.0.0.1:{unused_tcp_port}/push")
    watched.google.mailbox().deliver(NOTE)
    patience = Event()
    while watched.counters.answers(0, method="pubsub.push") == 0:
        patience.wait(0.005)
    with HTTPServer(port=unused_tcp_port) as late:
        assert Receiver(late).pushes.get(timeout=PATIENCE)


def test_notifications_within_a_second_of_another_are_dropped(watched: Sandbox, receiver: Receiver):
    watched.google.configure(push_interval=timedelta(seconds=1))
    mailbox = watched.google.mailbox()
    message = mailbox.deliver(NOTE)
    first = mailbox.history_id
    mailbox.relabel(message.id, add=["STARRED"])
    mailbox.deliver(NOTE)
    watched.advance(timedelta(seconds=1))
    mailbox.deliver(NOTE)
    assert {take(watched, receiver).data["historyId"] for _ in range(2)} == {first, mailbox.history_id}
    assert (watched.counters.times("push.published"), watched.counters.times("push.dropped")) == (2, 2)


def test_a_watch_is_about_its_labels(watched: Sandbox, receiver: Receiver):
    mailbox = watched.google.mailbox()
    watch(watched, labelIds=["INBOX"], labelFilterBehavior="include")
    mailbox.deliver(NOTE, labels=["SENT"])
    wanted = mailbox.deliver(NOTE, labels=["INBOX"])
    assert take(watched, receiver).data["historyId"] == wanted.history_id
    watch(watched, labelIds=["INBOX"], labelFilterBehavior="exclude")
    mailbox.deliver(NOTE, labels=["INBOX"])
    other = mailbox.deliver(NOTE, labels=["SENT"])
    assert take(watched, receiver).data["historyId"] == other.history_id


def test_a_watch_ends_after_seven_days_or_when_it_is_stopped(watched: Sandbox, receiver: Receiver):
    mailbox = watched.google.mailbox()
    seconds = int(watch(watched)["expiration"]) / 1000 - watched.clock.now().timestamp()
    assert timedelta(days=6, hours=23) < timedelta(seconds=seconds) <= timedelta(days=7)
    watched.advance(timedelta(days=7))
    mailbox.deliver(NOTE)
    assert watched.counters.times("push.published") == 0
    watch(watched)
    mailbox.deliver(NOTE)
    assert watched.counters.times("push.published") == 1
    headers = {"Authorization": f"Bearer {watched.google.link().access_token}"}
    assert httpx.post(f"{watched.url}/gmail/v1/users/me/stop", headers=headers).status_code == 204
    mailbox.deliver(NOTE)
    assert watched.counters.times("push.published") == 1


def test_pushes_are_repeated_and_lost_by_the_script(watched: Sandbox, receiver: Receiver):
    watched.faults.add(Fault(kind="lose-push", count=1), Fault(kind="repeat-push", count=1))
    mailbox = watched.google.mailbox()
    mailbox.deliver(NOTE)
    told = mailbox.deliver(NOTE)
    pushes = [take(watched, receiver) for _ in range(2)]
    assert [push.data["historyId"] for push in pushes] == [told.history_id] * 2
    assert len({push.body["message"]["messageId"] for push in pushes}) == 1


def test_after_a_rotation_the_old_key_is_still_published_and_after_two_no_more(watched: Sandbox, receiver: Receiver):
    old = watched.google.sign_push(audience=receiver.endpoint)
    watched.google.rotate_keys()
    watched.google.mailbox().deliver(NOTE)
    take(watched, receiver)
    jwks_url = watched.google_settings().jwks_url
    assert verified(old, httpx.get(jwks_url).json(), audience=receiver.endpoint)
    watched.google.rotate_keys()
    with pytest.raises(ValueError, match="Certificate for key id"):
        verified(old, httpx.get(jwks_url).json(), audience=receiver.endpoint)


def test_tokens_can_be_made_that_must_not_be_believed(watched: Sandbox, receiver: Receiver):
    jwks = httpx.get(watched.google_settings().jwks_url).json()
    other = watched.google.sign_push(audience="https://other.example/push")
    expired = watched.google.sign_push(audience=receiver.endpoint, exp=1, iat=0)
    for token in (other, expired):
        with pytest.raises(ValueError, match=r"expired|audience"):
            verified(token, jwks, audience=receiver.endpoint)
