"""Texts as callers give them: names and keys that PostgreSQL can store."""


def is_storable(value: object, *, longest: int) -> bool:
    """Whether it is a text of 1 to `longest` characters, without U+0000 and lone surrogates."""
    return (
        isinstance(value, str)
        and 1 <= len(value) <= longest
        and "\x00" not in value
        and not any("\ud800" <= character <= "\udfff" for character in value)
    )
