"""The pytest plugin of the sandbox: `pytest_plugins = ["headrace_crm.sandbox.plugin"]` in a conftest."""

from collections.abc import Iterator

import pytest

from headrace_crm.sandbox.sandbox import Sandbox

MESSAGES = 300


@pytest.fixture
def google_sandbox() -> Iterator[Sandbox]:
    """A sandbox of the test's own, served on a free port: one account with 300 generated messages, no limits.

    The quotas are off, since few tests are about them: `google_sandbox.google.configure(user_units=6_000)`
    puts the real one on.
    """
    sandbox = Sandbox(messages=MESSAGES)
    sandbox.google.configure(user_units=None, project_units=None)
    with sandbox.served():
        yield sandbox
