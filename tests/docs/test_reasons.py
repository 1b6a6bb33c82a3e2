"""The page of operating tells every reason there is."""

from pages import ROOT, first_cells, section

from headrace.jobs.reason import Reason

PAGE = (ROOT / "docs" / "operations" / "operating.md").read_text()


def test_every_reason_is_told():
    told = first_cells(section(PAGE, "Ask why a job does not run"))
    assert {name.strip("`") for name in told} == {cls.__struct_config__.tag for cls in Reason.__subclasses__()}
