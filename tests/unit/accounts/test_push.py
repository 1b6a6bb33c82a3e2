"""The body of a push."""

import json

import pytest

from fix_push import push_body
from headrace_crm.accounts.push import Push, read_push


def test_a_push_tells_its_id_and_the_mailbox_however_it_is_written():
    assert read_push(push_body("136969346945", "Ada@Example.org")) == Push("136969346945", "ada@example.org")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"message": {}}',
        b'{"message": {"messageId": "1", "data": "%%%"}}',
        b'{"message": {"messageId": "1", "data": "e30="}}',
        b'{"message": {"messageId": 1, "data": "e30="}}',
        push_body("", "ada@example.org"),
        push_body("1", ""),
        push_body("x" * 201, "ada@example.org"),
        push_body("1", "x" * 321),
        push_body("1\0", "ada@example.org"),
        push_body("1", "ada\0@example.org"),
        json.dumps({"message": {"messageId": "1", "data": "é"}}).encode(),
        b"\xff\xfe",
    ],
)
def test_what_cannot_be_read_is_no_push(body: bytes):
    assert read_push(body) is None
