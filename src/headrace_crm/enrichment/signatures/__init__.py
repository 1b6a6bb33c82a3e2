"""Signatures: who somebody says they are below what they write, read line by line; pure."""
