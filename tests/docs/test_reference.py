"""The reference names everything there is: errors, telemetry records, settings. And nothing that is not."""

import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pages import REFERENCE, ROOT, rows, section

from headrace import EventRetention, Headrace, Priority, Retention, RetryPolicy, Unique, WorkerOptions
from headrace.jobs.schedules import Schedules
from headrace.web import LiveEndpoint
from headrace_crm.config import Settings

SRC = ROOT / "src"
TREES = [ast.parse(file.read_text()) for file in sorted(SRC.rglob("*.py"))]
_ROOTS = {"Exception", "HeadraceError", "Outcome"}


def table(text: str) -> Iterator[list[str]]:
    return (row for row in rows(text) if not row[0].startswith("---"))


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def exceptions() -> dict[str, tuple[list[str], list[str]]]:
    """Every exception class of the sources: its bases and the fields its constructor sets."""
    classes = {node.name: node for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}

    def is_raised(name: str) -> bool:
        bases = [ast.unparse(base) for base in classes[name].bases] if name in classes else []
        return name in _ROOTS or any(is_raised(base) for base in bases)

    return {
        name: ([ast.unparse(base) for base in node.bases], _fields(node))
        for name, node in classes.items()
        if is_raised(name)
    }


def _fields(node: ast.ClassDef) -> list[str]:
    return [
        target.attr
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name == "__init__"
        for assignment in ast.walk(method)
        if isinstance(assignment, ast.Assign)
        for target in assignment.targets
        if isinstance(target, ast.Attribute)
    ]


def test_every_error_and_outcome_is_told_with_its_bases_and_fields():
    told = {words(row[0])[0]: (words(row[1]), words(row[3])) for row in table((REFERENCE / "errors.md").read_text())}
    assert told == exceptions()


def records() -> dict[str, tuple[set[str], set[str]]]:
    """Every telemetry record of the sources: its levels and its fields."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for call in (node for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "emit"):
            continue
        name, options = call.args[0], {keyword.arg: keyword.value for keyword in call.keywords}
        assert isinstance(name, ast.Constant), f"name the record by plain text: {ast.unparse(call)}"
        levels, fields = found.setdefault(name.value, (set(), set()))
        levels |= (
            set(re.findall(r"logging\.([A-Z]+)", ast.unparse(options["level"]))) if "level" in options else {"DEBUG"}
        )
        fields |= {option for option in options if option not in {"level", "error", None}}
    return found


def test_every_telemetry_record_is_told_with_its_levels_and_fields():
    text = (REFERENCE / "telemetry.md").read_text()
    told = {words(row[0])[0]: (set(row[1].split(", ")), set(words(row[2]))) for row in table(text)}
    assert told == records()


def span(seconds: float) -> str:
    """A duration as the tables write it."""
    if seconds < 1:
        return f"{seconds * 1000:g} ms"
    for size, unit in ((86_400, "days"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def shown(value: object) -> str:  # noqa: PLR0911 - one for each kind of value
    """A default as the tables write it."""
    match value:
        case inspect.Parameter.empty | dataclasses.MISSING:
            return "required"
        case None | ():
            return "none"
        case timedelta():
            return span(value.total_seconds())
        case bool():
            return "yes" if value else "no"
        case Priority():
            return f"`{value.name.lower()}`"
        case str():
            return f"`{value}`"
        case _ if repr(value) == "<factory>":
            return "its defaults"
        case (type() as only,):
            return f"`{only.__name__}`"
        case _ if callable(value):
            return "standard error"
        case _:
            return str(value)


def parameters(function: object) -> dict[str, str]:
    options = inspect.signature(function).parameters.values()
    return {
        option.name: "required" if option.kind is option.VAR_POSITIONAL else shown(option.default)
        for option in options
        if option.name != "self"
    }


SETTINGS = {
    "Headrace": Headrace,
    "app.job": Headrace.job,
    "app.schedule": Schedules.declare,
    "app.on": Headrace.on,
    "app.live": Headrace.live,
    "LiveEndpoint": LiveEndpoint,
    "app.projection": Headrace.projection,
    "app.enqueue": Headrace.enqueue,
    "Unique": Unique,
    "RetryPolicy": RetryPolicy,
    "WorkerOptions": WorkerOptions,
    "Retention": Retention,
    "EventRetention": EventRetention,
    "The CRM's Settings": Settings,
}


@pytest.mark.parametrize("heading", SETTINGS)
def test_every_option_is_told_with_its_default(heading: str):
    told = {words(row[0])[0]: row[1] for row in table(section((REFERENCE / "settings.md").read_text(), heading))}
    assert told == parameters(SETTINGS[heading])


def test_every_environment_variable_is_told():
    sources = [*SRC.rglob("*.py"), ROOT / "Makefile", *(ROOT / "scripts").iterdir(), *(ROOT / "bench").rglob("*.py")]
    used = {name for file in sources for name in re.findall(r"\bHEADRACE_[A-Z_]+\b", file.read_text())}
    told = {words(row[0])[0] for row in table(section((REFERENCE / "settings.md").read_text(), "Environment"))}
    assert told == used


def value_of(path: str) -> object:
    """A constant `module.NAME`, or the default `module.Class.option`."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        module, _, cls = module.rpartition(".")
        return inspect.signature(getattr(importlib.import_module(module), cls)).parameters[name].default


def test_every_fixed_limit_has_the_value_told():
    told = {
        words(row[0])[0]: row[1]
        for row in table(section((REFERENCE / "settings.md").read_text(), "Limits and times that are fixed"))
    }
    assert told == {path: shown(value_of(path)) for path in told}
    assert told
