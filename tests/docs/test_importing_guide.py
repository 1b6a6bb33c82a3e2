"""What the guide to importing names exists: counts, job kinds, event types, handlers."""

from dataclasses import fields
from fnmatch import filter as matching

import pytest
from pages import ROOT, first_cells, inline_code, section

from headrace_crm.app import create_app
from headrace_crm.contacts.summary import ImportSummary

PAGE = (ROOT / "docs" / "guides" / "importing-mail.md").read_text()


def test_the_counts_are_those_of_an_import():
    counts = [field.name for field in fields(ImportSummary) if field.name not in {"sent", "received"}]
    assert first_cells(section(PAGE, "What comes out")) == [*counts, "interactions"]


@pytest.mark.parametrize("name", sorted(set(inline_code(section(PAGE, "Behind it")))))
def test_the_jobs_events_and_handlers_are_there(name: str):
    app = create_app("postgresql://nobody@nowhere/none")
    known = {*app.kinds.names(), *app.events.types, *(handler.name for handler in app.handlers)}
    assert matching(known, name)
