"""The page of metrics, the dashboard and the alert rules are about the metrics there are, with the labels they have."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml
from pages import ROOT, rows, section

from headrace.telemetry.measures import MEASURES

OPERATIONS = ROOT / "docs" / "operations"
KNOWN = {one.name: one for one in MEASURES}
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}
_NAME = re.compile(r"headrace_\w+")
_SELECTOR = re.compile(r"(headrace_\w+)\{([^}]*)\}")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_BY = re.compile(r"(?:by|on)\s*\(([^)]*)\)")


def asked() -> dict[str, str]:
    """Every expression of the dashboard and the rules, by where it stands."""
    dashboard = json.loads((OPERATIONS / "grafana-dashboard.json").read_text())
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    rules = yaml.safe_load((OPERATIONS / "alert-rules.yml").read_text())
    return found | {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}


EXPRESSIONS = asked()


def faults(expression: str) -> Iterator[str]:
    labels = {"le"}
    for name in _NAME.findall(expression):
        measure = measured(name)
        if measure is None:
            yield f"{name} is not measured"
        else:
            labels |= set(measure.labels)
    for name, selector in _SELECTOR.findall(expression):
        measure = measured(name)
        strange = set(_LABEL.findall(selector)) - set(measure.labels if measure else ())
        yield from (f"{name} has no label {label}" for label in sorted(strange))
    for group in _BY.findall(expression):
        yield from (f"no metric here has {label}" for label in re.split(r",\s*", group) if label not in labels)


def measured(name: str):
    """The measure a series belongs to; None for one that is not there by this name."""
    if name in KNOWN:
        return None if KNOWN[name].kind == "histogram" else KNOWN[name]
    for suffix in _SUFFIXES["histogram"]:
        measure = KNOWN.get(name.removesuffix(suffix))
        if name.endswith(suffix) and measure is not None and measure.kind == "histogram":
            return measure
    return None


@pytest.mark.parametrize("place", EXPRESSIONS)
def test_what_is_asked_is_measured_with_the_labels_named(place: str):
    assert list(faults(EXPRESSIONS[place])) == []


def test_every_metric_is_on_the_dashboard():
    shown = {measured(name).name for text in EXPRESSIONS.values() for name in _NAME.findall(text)}
    assert shown == set(KNOWN)


def test_every_alert_says_what_to_do_next():
    rules = yaml.safe_load((OPERATIONS / "alert-rules.yml").read_text())
    for rule in rules["groups"][0]["rules"]:
        assert set(rule["annotations"]) == {"summary", "next"}
        assert rule["labels"]["severity"] in {"warning", "critical"}


def test_the_page_tells_every_metric_with_its_kind_and_labels():
    page = section((OPERATIONS / "metrics.md").read_text(), "What is measured")
    told = {
        name: (row[1], re.findall(r"`([^`]+)`", row[2]))
        for row in rows(page)
        if not row[0].startswith("---")
        for name in re.findall(r"`([^`]+)`", row[0])
    }
    assert told == {one.name: (one.kind, list(one.labels)) for one in MEASURES}


def test_faults_are_found():
    assert list(faults("rate(headrace_gone_total[5m])")) == ["headrace_gone_total is not measured"]
    assert list(faults("headrace_job_wait_seconds")) == ["headrace_job_wait_seconds is not measured"]
    assert list(faults('sum by (kind) (headrace_queue_depth{colour="red"})')) == [
        "headrace_queue_depth has no label colour",
        "no metric here has kind",
    ]
