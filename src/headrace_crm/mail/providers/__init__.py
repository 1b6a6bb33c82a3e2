"""Where mail comes from, one module a vendor or format."""
