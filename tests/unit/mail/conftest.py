"""Fixtures over the shared corpora; each is parsed once a worker."""

import sys
from pathlib import Path

import pytest

# importlib mode puts no test folder on the path; these tests share one module of samples.
sys.path.insert(0, str(Path(__file__).parent))

from mail_samples import NOW, corpus

from headrace_crm.mail.model import ParsedMessage
from headrace_crm.mail.parse import parse_message
from headrace_crm.mail.providers.mbox import read_mbox


@pytest.fixture(scope="session")
def main_corpus() -> tuple[ParsedMessage, ...]:
    return _parse_all("mips-owner-2003-2007.mbox.gz")


@pytest.fixture(scope="session")
def small_corpus() -> tuple[ParsedMessage, ...]:
    return _parse_all("small-300.mbox")


def _parse_all(name: str) -> tuple[ParsedMessage, ...]:
    found = [parse_message(raw.raw, now=NOW, envelope_at=raw.envelope_at) for raw in read_mbox(corpus(name))]
    assert all(isinstance(item, ParsedMessage) for item in found)
    return tuple(item for item in found if isinstance(item, ParsedMessage))
