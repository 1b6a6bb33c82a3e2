"""Migrations of an application's own, made for a test."""

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from headrace import MigrationSet


@pytest.fixture
def make_set(tmp_path: Path, monkeypatch) -> Callable[..., MigrationSet]:
    """Makes a package with migrations of these names."""

    def make(**files: str) -> MigrationSet:
        name = f"migrations_of_{tmp_path.name.replace('-', '_')}"
        folder = tmp_path / name
        (folder / "migrations").mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
        for file, sql in files.items():
            (folder / "migrations" / f"{file.removeprefix('m')}.sql").write_text(sql)
        module = types.ModuleType(name)
        module.__path__ = [str(folder)]
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.syspath_prepend(str(tmp_path))
        sys.modules.pop(name)
        return MigrationSet("shop", name)

    return make
