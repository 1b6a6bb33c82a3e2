"""The `crm` command."""

from headrace_crm.cli.root import main

__all__ = ["main"]
