"""Mail: messages, threads and interactions; reading, parsing and sync."""
