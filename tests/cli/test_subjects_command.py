"""`headrace subjects`."""

import getpass
from uuid import UUID

import msgspec
import pytest

from fix_apps import eventually
from fix_personal import FIRST_KEY, PersonMet, met, person

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
    assert await private.value("SELECT action || ' by ' || actor FROM headrace.operation") == (
        f"keys.rotated by {getpass.getuser()}"
    )
    erased = await headrace("--app", "shop:app", "subjects", "erase", "7", "--reason", "asked for")
    assert erased.code == 0, erased.err
    assert erased.json["event_counts"] == {"person.met": 1}
    assert (erased.json["actor"], erased.json["reason"]) == (getpass.getuser(), "asked for")
    missing = await headrace("--app", "shop:app", "subjects", "show", "8")
    assert (missing.code, "has no key" in missing.err) == (3, True)


async def test_read_models_are_rebuilt_by_jobs_or_with_no_rebuild_only_named(headrace, private, keys, tmp_path):
    with (tmp_path / "shop.py").open("a") as program:
        program.write(
            "class Card(msgspec.Struct, frozen=True):\n    email: str = ''\n"
            "@app.projection('directory', PersonMet, row=Card)\n"
            "def directory(row, one):\n    return Card(one.data.email or '(gone)')\n"
        )

    class Card(msgspec.Struct, frozen=True):
        email: str = ""

    @private.app.projection("directory", PersonMet, row=Card)
    def directory(row, one):
        return Card(one.data.email or "(gone)")

    await private.app.append(met(), stream=person())
    async with private.working():
        await eventually(
            lambda: private.value("SELECT count(*) = 1 FROM headrace.projection_build WHERE state = 'live'")
        )
        named = await headrace("--app", "shop:app", "subjects", "erase", "7", "--no-rebuild")
        assert named.code == 0, named.err
        [model] = named.json["projections"]
        assert (model["projection"], model["job_id"]) == ("directory", None)
        assert await private.value("SELECT count(*) = 0 FROM headrace.job WHERE kind = 'rebuild-erased-data'")
        rebuilt = await headrace("--app", "shop:app", "subjects", "erase", "7", "--rebuild")
        [model] = rebuilt.json["projections"]
        await private.reaches(UUID(model["job_id"]), "completed", 30)
    assert await private.value("SELECT email FROM directory WHERE key = '7'") == "(gone)"


async def test_an_app_with_personal_fields_does_not_open_without_keys(headrace, private, monkeypatch):
    monkeypatch.delenv("HEADRACE_SECRET_KEYS", raising=False)
    refused = await headrace("--app", "shop:app", "events", "list")
    assert (refused.code, "set HEADRACE_SECRET_KEYS" in refused.err) == (1, True)
    made = await headrace("subjects", "new-key")
    assert len(made.out.strip()) == 44
