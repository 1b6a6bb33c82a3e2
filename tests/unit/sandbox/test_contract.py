"""The sandbox has nothing that Google has not."""

import base64

import pytest

from headrace_crm.sandbox.clock import SandboxClock
from headrace_crm.sandbox.google.methods.table import STANDARD, methods
from headrace_crm.sandbox.google.rules import UNITS
from headrace_crm.sandbox.google.watches import Watches

MAIL_WITH_FILE = b"""\
From: a@weir.example
Subject: A file
Content-Type: multipart/mixed; boundary=b

--b

Here it is.
--b
Content-Type: text/csv
Content-Disposition: attachment; filename=figures.csv

1;2
--b--
"""
METHODS = {method.name: method for method in methods(clock=SandboxClock(), watches=Watches())}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_google_s_with_its_route_parameters_and_scopes(gmail_contract, name):
    method, theirs = METHODS[name], gmail_contract.methods[name]
    assert (method.verb, method.path.lstrip("/")) == (theirs["httpMethod"], theirs["path"])
    query = {key for key, parameter in theirs["parameters"].items() if parameter["location"] == "query"}
    assert set(method.parameters) == query
    # Scopes of add-ons are for programs inside Gmail's own pages.
    assert method.scopes == {scope for scope in theirs["scopes"] if "addons" not in scope}
    assert method.is_upload == ("mediaUpload" in theirs)


def test_the_parameters_that_all_methods_take_are_google_s(gmail_contract):
    assert gmail_contract.standard == STANDARD


def test_units_are_set_for_methods_that_exist(gmail_contract):
    assert UNITS.keys() <= gmail_contract.methods.keys()


async def test_every_method_answers_as_google_says(sandbox, gmail, gmail_contract):
    sandbox.google.configure(user_units=None)
    raw = base64.urlsafe_b64encode(MAIL_WITH_FILE).decode()
    start = sandbox.google.mailbox().history_id
    added = (await gmail("POST", "messages", json={"raw": raw, "labelIds": ["INBOX"]})).json()
    one = f"messages/{added['id']}"
    full = (await gmail("GET", one)).json()
    file = full["payload"]["parts"][1]["body"]["attachmentId"]
    for verb, path, query in (
        ("GET", one, {"format": "minimal"}),
        ("GET", one, {"format": "raw"}),
        ("GET", one, {"format": "metadata", "metadataHeaders": ["From"]}),
        ("GET", f"{one}/attachments/{file}", {}),
        (
            "GET",
            "messages",
            {"q": "newer_than:3m", "labelIds": "INBOX", "maxResults": 500, "includeSpamTrash": "false"},
        ),
        ("GET", "threads", {"maxResults": 3}),
        ("GET", f"threads/{added['threadId']}", {"format": "full"}),
        ("GET", "labels", {}),
        ("GET", "profile", {}),
        ("POST", f"{one}/trash", {}),
        ("POST", f"{one}/untrash", {}),
        ("POST", "stop", {}),
    ):
        assert (await gmail(verb, path, **query)).is_success
    for path, body in (
        ("labels", {"name": "Weirs"}),
        ("messages/import", {"raw": raw}),
        ("messages/send", {"raw": raw}),
        ("watch", {"topicName": "projects/p/topics/t", "labelIds": ["INBOX"], "labelFilterBehavior": "include"}),
        (f"{one}/modify", {"addLabelIds": ["STARRED"], "removeLabelIds": ["INBOX"]}),
    ):
        assert (await gmail("POST", path, json=body)).is_success
    assert (await gmail("DELETE", one)).is_success
    kinds = ["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"]
    history = await gmail("GET", "history", startHistoryId=start, historyTypes=kinds, maxResults=500)
    assert {key for record in history.json()["history"] for key in record} == {
        *("id", "messages", "messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved")
    }
    assert all(sandbox.counters.requests(name) for name in METHODS)
