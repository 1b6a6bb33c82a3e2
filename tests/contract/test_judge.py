"""The judge of requests to Gmail and of its answers knows right from wrong."""

from gmail_contract import GmailContract

USER = "/gmail/v1/users/me"


def test_it_finds_what_is_wrong_with_a_request(gmail_contract: GmailContract):
    requests = {
        f"GET {USER}/messages?maxResults=5&q=x": 0,
        f"GET {USER}/history?startHistoryId=1&historyTypes=messageAdded&historyTypes=labelAdded": 0,
        f"GET {USER}/messages?max_results=5": 1,
        f"GET {USER}/messages?maxResults=many": 1,
        f"GET {USER}/messages?maxResults=4294967296": 1,
        f"GET {USER}/messages?includeSpamTrash=maybe": 1,
        f"GET {USER}/messages?pageToken=a&pageToken=b": 1,
        f"GET {USER}/messages/1?format=mime": 1,
        f"GET {USER}/history?startHistoryId=-1": 1,
        f"GET {USER}/history?startHistoryId=1&historyTypes=anything": 1,
        "GET /gmail/v1/users/me/mails": 1,
        f"POST /upload{USER}/messages?uploadType=media": 0,
    }
    for request, count in requests.items():
        assert len(gmail_contract.problems_of_request(*request.split())) == count, request
    assert gmail_contract.problems_of_request("POST", f"{USER}/watch", b'{"topicName":"t"}') == []
    assert gmail_contract.problems_of_request("POST", f"{USER}/watch", b'{"topic":"t"}') != []
    assert gmail_contract.problems_of_request("POST", f"{USER}/stop", b"{}") == ["gmail.users.stop takes no body"]


def test_it_finds_what_is_wrong_with_an_answer(gmail_contract: GmailContract):
    messages = f"{USER}/messages"
    answers = {
        b'{"messages":[{"id":"1","threadId":"2"}]}': 0,
        b'{"messages":[{"id":1}]}': 1,
        b'{"mails":[]}': 1,
    }
    for body, count in answers.items():
        assert len(gmail_contract.problems_of_answer("GET", messages, 200, body)) == count, body
    assert gmail_contract.problems_of_answer("GET", f"{messages}/1", 200, b'{"historyId":"1x","raw":"a/b"}')
    assert gmail_contract.problems_of_answer(
        "GET", messages, 404, b'{"error":{"code":400,"message":"m","errors":[{"reason":"r"}]}}'
    )
