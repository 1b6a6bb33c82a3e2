"""SQL lives in `<package>/sql/<name>.sql`: one commented statement each, loaded by name, and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
_COMMENTED_OR_QUOTED = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|'(?:[^']|'')*'|\"[^\"]*\"|(?P<tag>\$\w*\$).*?(?P=tag)", re.DOTALL
)
# `SELECT 1`, the question whether a session lives, is the one exception.
_STATEMENT = re.compile(
    r"\s*(SELECT\s(?!1$)|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s|TRUNCATE\s|MERGE\s+INTO\s)"
)


def statements(src: Path) -> list[Path]:
    return sorted(file for file in src.rglob("*.sql") if file.parent.name == "sql")


def badly_opened(src: Path) -> Iterator[str]:
    for file in statements(src):
        lines = file.read_text(encoding="utf-8").splitlines()
        if len(lines) < 3 or not all(line.startswith("-- ") and len(line) > 10 for line in lines[:2]):
            yield f"{file.relative_to(src)} must open with two comment lines: purpose; index or lock"


def many_in_one(src: Path) -> Iterator[str]:
    for file in statements(src):
        text = file.read_text(encoding="utf-8")
        bare = _COMMENTED_OR_QUOTED.sub(lambda found: "" if found["comment"] else "''", text).strip()
        if not bare or ";" in bare.rstrip(";"):
            yield f"{file.relative_to(src)} must hold exactly one statement"


def loads(src: Path) -> Iterator[tuple[Path, str, str | None, str | None]]:
    """Each call of the loader: file, place, package and name (None where it is not a plain text)."""
    for file in sorted(src.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "statement":
                package, name = (
                    part.value
                    if isinstance(part, ast.Constant)
                    else constants.get(part.id)
                    if isinstance(part, ast.Name)
                    else None
                    for part in call.args
                )
                yield file, f"{file.relative_to(src)}:{call.lineno}", package, name


def badly_loaded(src: Path) -> Iterator[str]:
    loaded: set[Path] = set()
    for file, place, package, name in loads(src):
        if package is None or name is None:
            yield f"{place}: name package and statement by plain text, so that a search finds them"
            continue
        statement = src / package.replace(".", "/") / "sql" / f"{name}.sql"
        loaded.add(statement)
        if not statement.is_file():
            yield f"{place}: there is no {statement.relative_to(src)}"
        elif not file.is_relative_to(statement.parents[1]):
            yield f"{place}: {statement.relative_to(src)} is another package's own"
    for statement in statements(src):
        if statement not in loaded:
            yield f"{statement.relative_to(src)} is loaded by nobody"


def written_in_python(src: Path) -> Iterator[str]:
    for file in sorted(src.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _STATEMENT.match(node.value):
                yield f"{file.relative_to(src)}:{node.lineno} holds SQL; it belongs into a .sql file"


def test_every_statement_opens_with_its_purpose_and_what_it_relies_on():
    assert list(badly_opened(SRC)) == []


def test_every_file_holds_one_statement():
    assert list(many_in_one(SRC)) == []


def test_every_statement_is_loaded_by_its_own_package_and_every_load_finds_one():
    assert list(badly_loaded(SRC)) == []


def test_no_statement_is_written_in_python():
    assert list(written_in_python(SRC)) == []


def test_every_migration_says_what_it_is_for():
    migrations = [file for file in SRC.rglob("*.sql") if file.parent.name == "migrations"]
    assert migrations
    assert [file.name for file in migrations if not file.read_text(encoding="utf-8").startswith("-- ")] == []


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A source tree without fault: a package with one statement, loaded by name."""
    folder = tmp_path / "shop" / "orders"
    (folder / "sql").mkdir(parents=True)
    (folder / "sql" / "find.sql").write_text(
        "-- A customer's orders.\n-- Relies on index order_customer.\nSELECT ';--' FROM orders -- all; yes\n;"
    )
    (folder / "store.py").write_text('_PACKAGE = "shop.orders"\nquery = statement(_PACKAGE, "find")\n')
    return folder


def complaints(src: Path) -> list[str]:
    return [*badly_opened(src), *many_in_one(src), *badly_loaded(src), *written_in_python(src)]


def test_a_tree_without_fault_passes(package: Path, tmp_path: Path):
    assert complaints(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("sql/find.sql", "-- Only its purpose is told.\nSELECT 1\n", "two comment lines"),
        ("sql/find.sql", "-- Two statements.\n-- Relies on nothing.\nSELECT 1; SELECT 2;\n", "exactly one"),
        ("sql/find.sql", "-- None at all.\n-- Relies on nothing.\n-- SELECT 1;\n", "exactly one"),
        ("sql/lost.sql", "-- Nobody loads it.\n-- Relies on nothing.\nSELECT 1\n", "loaded by nobody"),
        ("store.py", 'query = statement("shop.orders", "fnd")\n', "there is no"),
        ("more.py", 'query = statement("shop.orders", f"{x}")\n', "by plain text"),
        ("../cart.py", 'query = statement("shop.orders", "find")\n', "another package's own"),
        ("more.py", 'query = "SELECT 1 FROM orders"\n', "holds SQL"),
        ("more.py", 'query = f"DELETE FROM {table}"\n', "holds SQL"),
    ],
)
def test_a_fault_is_found(package: Path, tmp_path: Path, name: str, text: str, complaint: str):
    (package / name).write_text(text)
    assert any(complaint in found for found in complaints(tmp_path))
