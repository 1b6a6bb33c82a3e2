"""Models for search and answers, one module each."""
