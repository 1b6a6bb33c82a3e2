"""Loads the fixtures: the testing kit's own, and every `fix_*.py` beside this file, each a pytest plugin."""

import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))

_FIXTURES = sorted(path.stem for path in _HERE.glob("fix_*.py"))
pytest_plugins = ["headrace.testing.plugin", "headrace_crm.sandbox.plugin", *_FIXTURES]
pytest.register_assert_rewrite(*_FIXTURES)  # before any of them imports another
