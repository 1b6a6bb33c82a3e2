"""How good, not how fast: `make bench-quality`."""
