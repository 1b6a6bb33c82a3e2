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


def constants(tree: ast.Module) -> dict[str, object]:
    """The values of the module's constants by name."""
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update({target.id: node.value.value for target in targets if isinstance(target, ast.Name)})
    return found


def badly_loaded(src: Path) -> Iterator[str]:
    named: set[Path] = set()
    for file in sorted(src.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        known = constants(tree)
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            named.update(
                file.parent / "sql" / f"{part.value}.sql" for part in call.args if isinstance(part, ast.Constant)
            )
            if not isinstance(call.func, ast.Name) or call.func.id != "statement" or len(call.args) != 2:
                continue
            package, name = call.args
            place = f"{file.relative_to(src)}:{call.lineno}"
            where = package.value if isinstance(package, ast.Constant) else known.get(ast.unparse(package))
            if where is None or not isinstance(name, ast.Constant | ast.Name):
                yield f"{place}: name package and statement by plain text, so that a search finds them"
            elif src / str(where).replace(".", "/") != file.parent:
                yield f"{place}: the statements of {where} are for its own modules"
            elif isinstance(name, ast.Constant) and not (file.parent / "sql" / f"{name.value}.sql").is_file():
                yield f"{place}: there is no sql/{name.value}.sql"
    for file in statements(src):
        if file not in named:
            yield f"{file.relative_to(src)} is named by no call in its package"


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
        ("sql/lost.sql", "-- Nobody loads it.\n-- Relies on nothing.\nSELECT 1\n", "named by no call"),
        ("store.py", 'query = statement("shop.orders", "fnd")\n', "there is no"),
        ("more.py", 'query = statement("shop.orders", f"{x}")\n', "by plain text"),
        ("../cart.py", 'query = statement("shop.orders", "find")\n', "for its own modules"),
        ("more.py", 'query = "SELECT 1 FROM orders"\n', "holds SQL"),
        ("more.py", 'query = f"DELETE FROM {table}"\n', "holds SQL"),
    ],
)
def test_a_fault_is_found(package: Path, tmp_path: Path, name: str, text: str, complaint: str):
    (package / name).write_text(text)
    assert any(complaint in found for found in complaints(tmp_path))
