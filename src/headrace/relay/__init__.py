"""Publishes the log to message brokers, in order, for consumers that have no way to the database."""
