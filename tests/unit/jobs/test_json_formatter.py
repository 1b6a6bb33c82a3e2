import json
import logging
from uuid import UUID

import pytest

from headrace import JsonFormatter, Record, bind
from headrace.jobs.log_capture import capturing
from headrace.telemetry.logs import log_record


class Running:
    id = UUID(int=7)
    kind = "greet"
    attempt = 2


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO)
    return lambda: [json.loads(JsonFormatter().format(record)) for record in caplog.records]


def test_a_line_is_one_object_with_what_there_is_to_tell(lines):
    logging.getLogger("shop").info("sold %d\nof them", 3)
    (line,) = lines()
    assert line.pop("time").endswith("Z")
    assert line == {"level": "INFO", "logger": "shop", "message": "sold 3\nof them"}


def test_inside_a_job_it_names_the_job_and_its_context(lines, caplog):
    context = bind(correlation_id=UUID(int=8), tenant_id="acme", user_id="u1", actor="ada")
    token = capturing.set(Running())
    caplog.clear()
    record = logging.LogRecord("shop", logging.INFO, "", 0, "sold", (), None)
    try:
        with context:
            line = json.loads(JsonFormatter().format(record))
    finally:
        capturing.reset(token)
    assert {name: line[name] for name in ("job", "kind", "attempt", "correlation", "tenant", "user", "actor")} == {
        "job": str(UUID(int=7)),
        "kind": "greet",
        "attempt": 2,
        "correlation": str(UUID(int=8)),
        "tenant": "acme",
        "user": "u1",
        "actor": "ada",
    }


def test_an_error_and_the_fields_of_a_record_of_telemetry_are_told(lines):
    try:
        int("no")
    except ValueError as error:
        log_record(Record("job.raised", logging.WARNING, {"job": UUID(int=7), "strange": object}, error))
    (line,) = lines()
    assert line["record"] == "job.raised"
    assert line["fields"]["job"] == str(UUID(int=7))
    assert "object" in line["fields"]["strange"]
    assert (line["error"]["type"], line["error"]["message"]) == (
        "ValueError",
        "invalid literal for int() with base 10: 'no'",
    )
    assert "test_json_formatter" in line["error"]["traceback"]
