"""The pages say what is: links lead somewhere, files and commands exist, code parses."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import PAGES, ROOT, anchors, blocks, inline_code, page_id, without_blocks

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_MAKE = re.compile(r"\bmake ((?:[a-z]+ ?)+)")
_FOLDERS = ("bench/", "docs/", "examples/", "requirements/", "scripts/", "src/", "tests/")
_IN_SRC = ("headrace/", "headrace_crm/")

every_page = pytest.mark.parametrize("page", PAGES, ids=page_id)


def broken_links(page: Path, text: str) -> Iterator[str]:
    for target in _LINK.findall(without_blocks(text)):
        path, _, part = target.partition("#")
        if "://" in path:
            continue
        there = page.parent / path if path else page
        if not there.exists():
            yield f"{page.name} links to {target}, which is not there"
        elif part and part not in anchors(there.read_text() if path else text):
            yield f"{page.name} links to {target}, and there is no such heading"


def missing_files(text: str) -> Iterator[str]:
    for code in inline_code(text):
        is_here = code.startswith(_FOLDERS)
        if not (is_here or code.startswith(_IN_SRC)) or re.search(r"[\s<>{}]", code):
            continue
        if not list((ROOT if is_here else ROOT / "src").glob(code.rstrip("/"))):
            yield f"`{code}` is not there"


def unknown_targets(text: str, *, targets: frozenset[str]) -> Iterator[str]:
    for part in [*(block.text for block in blocks(text, "sh")), *inline_code(text)]:
        for names in _MAKE.findall(part):
            yield from (f"make {name}" for name in names.split() if name not in targets)


def unparsable(text: str) -> Iterator[str]:
    for block in blocks(text, "python"):
        try:
            ast.parse(block.text)
        except SyntaxError as error:
            yield f"line {block.line + (error.lineno or 1) - 1}: {error.msg}"


@pytest.fixture(scope="module")
def targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@every_page
def test_every_link_leads_to_a_file_and_a_heading(page: Path):
    assert list(broken_links(page, page.read_text())) == []


@every_page
def test_every_file_that_is_named_exists(page: Path):
    assert list(missing_files(page.read_text())) == []


@every_page
def test_every_make_command_exists(page: Path, targets: frozenset[str]):
    assert list(unknown_targets(page.read_text(), targets=targets)) == []


@every_page
def test_every_python_block_parses(page: Path):
    assert list(unparsable(page.read_text())) == []


def test_every_page_can_be_reached_from_the_readme():
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = (target.partition("#")[0] for target in _LINK.findall(without_blocks(page.read_text())))
        waiting += [page.parent / target for target in targets if target and "://" not in target]
        waiting += [file for target in waiting if target.is_dir() for file in target.glob("*.md")]
    assert [page_id(page) for page in PAGES if page.resolve() not in reached] == []


def test_every_target_of_the_makefile_explains_itself(targets: frozenset[str]):
    explained = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(explained) == targets


def test_the_changelog_has_a_place_for_what_is_unreleased():
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text()


def test_faults_are_found(tmp_path: Path):
    page = tmp_path / "page.md"
    page.touch()
    assert list(broken_links(page, "[gone](gone.md#part) [web](https://example.com)")) == [
        "page.md links to gone.md#part, which is not there"
    ]
    assert list(broken_links(page, "# A `part` of it\n[here](#a-part-of-it) [there](#another)")) == [
        "page.md links to #another, and there is no such heading"
    ]
    assert list(missing_files("`docs/gone.md` `src/headrace/app.py` `headrace/gone.py`")) == [
        "`docs/gone.md` is not there",
        "`headrace/gone.py` is not there",
    ]
    assert list(unknown_targets("```sh\nmake tests\n```", targets=frozenset({"test"})))
    assert list(unknown_targets("run `make check tst`", targets=frozenset({"check"})))
    assert not list(unknown_targets("```sh\nmake test check\n```", targets=frozenset({"test", "check"})))
    assert list(unparsable("```python\ndef\n```"))
