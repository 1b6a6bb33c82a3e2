"""Contact stats: how much, when first and when last, folded from the events of each contact."""
