"""The pages say what is: links lead somewhere, commands exist, code parses."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMANDS = re.compile(r"\bmake ((?:[a-z]+ ?)+)")


def broken_links(page: Path, text: str) -> Iterator[str]:
    for target in _LINK.findall(text):
        path, _, _ = target.partition("#")
        if path and "://" not in path and not (page.parent / path).exists():
            yield f"{page.name} links to {target}, which is not there"


def unknown_targets(text: str, *, targets: frozenset[str]) -> Iterator[str]:
    code = [block for language, block in _BLOCK.findall(text) if language == "sh"]
    code += re.findall(r"`([^`\n]+)`", text)
    for part in code:
        for names in _COMMANDS.findall(part):
            yield from (f"make {name}" for name in names.split() if name not in targets)


def unparsable(text: str) -> Iterator[str]:
    for language, block in _BLOCK.findall(text):
        if language == "python":
            try:
                ast.parse(block)
            except SyntaxError as error:
                yield f"line {error.lineno} of a python block: {error.msg}"


@pytest.fixture(scope="module")
def targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path):
    assert list(broken_links(page, page.read_text())) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_command_exists(page: Path, targets: frozenset[str]):
    assert list(unknown_targets(page.read_text(), targets=targets)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_python_block_parses(page: Path):
    assert list(unparsable(page.read_text())) == []


def test_every_target_of_the_makefile_explains_itself(targets: frozenset[str]):
    explained = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(explained) == targets


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(page.name[:4]) for page in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == list(range(len(numbers)))


def test_the_changelog_has_a_place_for_what_is_unreleased():
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text()


def test_faults_are_found(tmp_path: Path):
    page = tmp_path / "page.md"
    assert list(broken_links(page, "[gone](gone.md#part) [web](https://example.com) [here](#part)"))
    assert list(unknown_targets("```sh\nmake tests\n```", targets=frozenset({"test"})))
    assert list(unknown_targets("run `make check tst`", targets=frozenset({"check"})))
    assert not list(unknown_targets("```sh\nmake test check\n```", targets=frozenset({"test", "check"})))
    assert list(unparsable("```python\ndef\n```"))
