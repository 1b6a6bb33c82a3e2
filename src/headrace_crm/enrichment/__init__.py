"""Enrichment: what others say about a contact, each field with its source, its confidence and its time."""
