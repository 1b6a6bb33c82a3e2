"""`headrace subjects`."""

import getpass

import pytest

from fix_personal import FIRST_KEY, met, person

pytestmark = pytest.mark.timeout(60)  # each command is a process of its own, one after the other


@pytest.fixture
def keys(monkeypatch):
    import base64

    monkeypatch.setenv("HEADRACE_SECRET_KEYS", base64.b64encode(FIRST_KEY).decode())


@pytest.fixture(autouse=True)
def shop(tmp_path):
    (tmp_path / "shop.py").write_text(
        "from typing import Annotated\nimport msgspec\nfrom headrace import Headrace, Personal, event\n"
        "@event('person.met')\nclass PersonMet(msgspec.Struct, rename='camel'):\n    person_id: int\n    place: str\n"
        "    email: Annotated[str | None, Personal('person_id')] = None\n"
        "app = Headrace(name='shop')\napp.register(PersonMet)\n"
    )


async def test_a_subject_is_shown_erased_and_its_proof_printed(headrace, private, keys):
    await private.app.append(met(), stream=person())
    shown = await headrace("--app", "shop:app", "subjects", "show", "7")
    assert (shown.json["subject"], shown.json["erasure"]) == ("7", None)
    rotated = await headrace("--app", "shop:app", "subjects", "rotate-keys")
    assert "wrapped anew: 1" in rotated.out
    erased = await headrace("--app", "shop:app", "subjects", "erase", "7", "--reason", "asked for")
    assert erased.code == 0, erased.err
    assert erased.json["event_counts"] == {"person.met": 1}
    assert (erased.json["actor"], erased.json["reason"]) == (getpass.getuser(), "asked for")
    missing = await headrace("--app", "shop:app", "subjects", "show", "8")
    assert (missing.code, "has no key" in missing.err) == (3, True)


async def test_an_app_with_personal_fields_does_not_open_without_keys(headrace, private, monkeypatch):
    monkeypatch.delenv("HEADRACE_SECRET_KEYS", raising=False)
    refused = await headrace("--app", "shop:app", "events", "list")
    assert (refused.code, "set HEADRACE_SECRET_KEYS" in refused.err) == (1, True)
    made = await headrace("subjects", "new-key")
    assert len(made.out.strip()) == 44
