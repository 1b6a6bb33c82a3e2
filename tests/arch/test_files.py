"""What the import contracts cannot see about the files of the packages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
LONGEST = 400
SAYS_NOTHING = frozenset({"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"})


def too_long(src: Path) -> Iterator[str]:
    for file in sorted(src.rglob("*.py")):
        lines = file.read_text(encoding="utf-8").count("\n")
        if lines > LONGEST:
            yield f"{file.relative_to(src)} has {lines} lines, {LONGEST} is the end: one concept, one file"


def named_for_nothing(src: Path) -> Iterator[str]:
    for path in sorted(src.rglob("*")):
        is_module = path.suffix == ".py" or (path.is_dir() and path.name != "__pycache__")
        if is_module and path.stem.strip("_") in SAYS_NOTHING:
            yield f"{path.relative_to(src)}: name it after what it holds"


def test_no_module_is_longer_than_400_lines():
    assert list(too_long(SRC)) == []


def test_every_module_is_named_after_what_it_holds():
    assert list(named_for_nothing(SRC)) == []


@pytest.mark.parametrize(("lines", "complaints"), [(400, 0), (401, 1)])
def test_a_module_of_401_lines_is_found(tmp_path: Path, lines: int, complaints: int):
    (tmp_path / "long.py").write_text("x = 1\n" * lines)
    assert len(list(too_long(tmp_path))) == complaints


@pytest.mark.parametrize("name", ["utils.py", "common/__init__.py", "_helpers.py", "deep/in/manager.py"])
def test_a_module_named_for_nothing_is_found(tmp_path: Path, name: str):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    assert len(list(named_for_nothing(tmp_path))) == 1
