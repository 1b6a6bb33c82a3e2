"""Mirrors mailboxes on a server: what is there is stored, and what changes or goes there does so here."""
