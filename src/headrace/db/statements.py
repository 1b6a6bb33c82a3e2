"""Statements live in `.sql` files, one each; this loads them by name."""

from functools import cache
from importlib.resources import files


@cache
def statement(package: str, name: str) -> str:
    """The text of `<package>/sql/<name>.sql`, read once a process.

    Raises FileNotFoundError where there is no such file.
    """
    return files(package).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
