"""What features share that talk to the outside."""
