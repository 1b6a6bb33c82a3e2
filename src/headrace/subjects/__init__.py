"""Subjects of personal data: what is known of them, and their erasure with its proof."""
