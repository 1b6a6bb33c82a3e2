"""The `headrace` command."""

from headrace.cli.root import main

__all__ = ["main"]
