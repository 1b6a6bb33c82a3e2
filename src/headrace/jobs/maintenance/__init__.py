"""Upkeep loops of the job tables."""
