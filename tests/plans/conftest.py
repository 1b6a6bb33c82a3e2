"""The benchmarks, whose statements fill large databases here too, are a package beside the sources."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
