"""The layers the page tells are the layers the import contracts hold."""

import re
import tomllib

import pytest
from pages import ROOT, first_cells, section

PAGE = (ROOT / "docs" / "architecture.md").read_text()


def contracted(package: str) -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one.get("containers") == [package])
    return [re.sub(r"\s*\|\s*", ", ", layer) for layer in layers]


@pytest.mark.parametrize(
    ("heading", "package"), [("Layers of the engine", "headrace"), ("Layers of the CRM", "headrace_crm")]
)
def test_the_layers_are_those_of_the_contract(heading: str, package: str):
    told = [cell.replace("`", "") for cell in first_cells(section(PAGE, heading))]
    assert told == contracted(package)
