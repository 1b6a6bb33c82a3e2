"""Enqueue and append on somebody else's connection."""
