"""Loads the fixtures: every `fix_*.py` beside this file is a pytest plugin."""

import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))

pytest_plugins = sorted(path.stem for path in _HERE.glob("fix_*.py"))
pytest.register_assert_rewrite(*pytest_plugins)  # before any of them imports another
