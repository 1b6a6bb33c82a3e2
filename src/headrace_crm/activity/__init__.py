"""What happened in an owner's mail, day by day: a read model folded from events."""
