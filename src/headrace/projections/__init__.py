"""Projections: read models folded from the log, rebuilt beside the one that serves and swapped when they are equal."""
