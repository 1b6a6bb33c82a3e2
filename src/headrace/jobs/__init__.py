"""Jobs: kinds, enqueueing, workers, recovery."""
