"""Lets the tests of the documentation import what reads pages, and what generates them."""

import sys
from pathlib import Path

_HERE = Path(__file__).parent
sys.path[:0] = [str(_HERE), str(_HERE.parents[1] / "docs" / "generate")]
