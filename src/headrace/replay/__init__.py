"""Replay: a handler meets history again, for good or as a rehearsal that leaves nothing behind."""
