from datetime import timedelta

import httpx
import pytest

from headrace_crm.sandbox import Fault, Sandbox


def test_the_fixture_serves_a_mailbox_on_loopback(google_sandbox: Sandbox):
    headers = {"Authorization": f"Bearer {google_sandbox.google.link().access_token}"}
    with httpx.Client(base_url=google_sandbox.url, headers=headers) as client:
        profile = client.get("/gmail/v1/users/me/profile").json()
        assert profile["messagesTotal"] == 300
        assert profile["historyId"] == str(google_sandbox.google.mailbox().history_id)


def test_the_settings_lead_the_crm_to_the_sandbox(google_sandbox: Sandbox):
    settings = google_sandbox.google_settings()
    client = settings.client_id, settings.client_secret
    assert client == (google_sandbox.google.rules.client_id, google_sandbox.google.rules.client_secret)
    tokens = google_sandbox.google.link()
    refreshing = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    form = {"client_id": client[0], "client_secret": client[1], **refreshing}
    assert httpx.post(settings.token_url, data=form).json()["expires_in"] == 3599
    assert len(httpx.get(settings.jwks_url).json()["keys"]) == 1
    assert httpx.post(settings.revoke_url, params={"token": tokens.refresh_token}).status_code == 200
    assert httpx.get(f"{settings.gmail_url}/gmail/v1/users/me/profile").status_code == 401
    assert httpx.get(settings.auth_url).status_code == 401


def test_a_cut_and_a_slow_answer_look_like_that_to_the_client(google_sandbox: Sandbox):
    google_sandbox.faults.add(
        Fault(kind="cut", route="gmail.users.getProfile", count=1),
        Fault(kind="slow", route="gmail.users.getProfile", count=1, delay=timedelta(milliseconds=80)),
    )
    headers = {"Authorization": f"Bearer {google_sandbox.google.link().access_token}"}
    with httpx.Client(base_url=google_sandbox.url, headers=headers) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/gmail/v1/users/me/profile")
        slow = client.get("/gmail/v1/users/me/profile")
        assert slow.json()["messagesTotal"] == 300
        assert slow.elapsed >= timedelta(milliseconds=70)
    assert google_sandbox.counters.faults("cut") == google_sandbox.counters.faults("slow") == 1
