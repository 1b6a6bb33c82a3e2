"""Every Python block of the pages runs, against a database of its own.

The blocks of one page share a module, in order. A block may await at its top level, and may stand in
an HTML comment: then it checks what the visible ones did.
"""

import ast
import asyncio
import inspect
import sys
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from pages import PAGES, ROOT, Block, blocks, page_id

WITH_CODE = [page for page in PAGES if blocks(page.read_text(), "python")]


def compiled(page: Path, block: Block) -> CodeType:
    """The block as code whose tracebacks name the line of the page."""
    tree = compile(
        "\n" * (block.line - 1) + block.text,
        str(page),
        "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST,
    )
    return compile(tree, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def run(page: Path, text: str, module: ModuleType) -> None:
    """Runs the blocks of a page as a program of its own, on an event loop that belongs to it."""
    with asyncio.Runner() as runner:
        for block in blocks(text, "python"):
            code = compiled(page, block)
            if code.co_flags & inspect.CO_COROUTINE:
                runner.run(eval(code, vars(module)))
            else:
                exec(code, vars(module))


@pytest.fixture
def module(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """What the blocks of a page are defined in; the environment names the test's database."""
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    monkeypatch.setenv("HEADRACE_DATABASE_URL", database)
    monkeypatch.chdir(tmp_path)
    return module


@pytest.mark.timeout(60)
@pytest.mark.parametrize("page", WITH_CODE, ids=page_id)
def test_the_code_of_the_page_runs(page: Path, module: ModuleType):
    run(page, page.read_text(), module)


def test_blocks_share_a_module_and_may_await(module: ModuleType):
    text = "```python\nimport asyncio\nx = 1\n```\n<!--\n```python\nawait asyncio.sleep(0)\nx += 1\n```\n-->\n"
    run(ROOT / "README.md", text, module)
    assert vars(module)["x"] == 2


def test_an_error_names_the_line_of_the_page(module: ModuleType):
    text = "one\n\n```python\nx = 1\nraise ValueError('no')\n```\n"
    with pytest.raises(ValueError, match="no") as caught:
        run(ROOT / "README.md", text, module)
    assert caught.traceback[-1].lineno == 4  # counted from 0
