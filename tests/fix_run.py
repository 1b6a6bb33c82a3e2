"""The test run, as the kit's plugin has it, without HEADRACE_DATABASE_URL in the environment.

Code under test meets the same environment whether the run uses a server of its own or the one named there.
"""

import os

import pytest

from headrace.db.address import ENVIRONMENT
from headrace.testing.plugin import RUN, TestRun


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    os.environ.pop(ENVIRONMENT, None)


def pytest_unconfigure(config: pytest.Config) -> None:
    given = config.stash[RUN].given
    if given is not None and not hasattr(config, "workerinput"):
        os.environ[ENVIRONMENT] = given


@pytest.fixture(scope="session")
def run(headrace_run: TestRun) -> TestRun:
    """This test run."""
    return headrace_run
