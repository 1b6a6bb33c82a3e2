"""Child processes for plain functions: the worker's side of them, the child's, and what goes between."""
