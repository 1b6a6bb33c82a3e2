"""Loads the fixtures: the testing kit's own, and every `fix_*.py` beside this file, each a pytest plugin."""

import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))

_FIXTURES = sorted(path.stem for path in _HERE.glob("fix_*.py"))
pytest_plugins = ["headrace.testing.plugin", "headrace_crm.sandbox.plugin", *_FIXTURES]
pytest.register_assert_rewrite(*_FIXTURES)  # before any of them imports another


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest of the slow tests first, dealt out by turns: which comes last decides when the run ends."""
    if config.option.markexpr == "slow":
        items.sort(key=_patience, reverse=True)
        items[:] = items[::2] + items[1::2]  # of two workers each is given one half, and takes over from the other


def _patience(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return 0.0 if mark is None else float(mark.args[0])
