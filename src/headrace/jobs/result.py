"""What a handler returned, as the outcome of a job that completed."""

from typing import Any

from headrace.jobs.codec import encode_json, holds_nul
from headrace.jobs.outcome import COMPLETED, Ended, UnstorableResult

RESULT_LIMIT_BYTES = 1024 * 1024


def completed(result: Any) -> Ended:
    """The outcome of a handler that returned. Raises UnstorableResult."""
    if result is None:
        return COMPLETED
    try:
        raw = encode_json(result)
    except Exception as error:
        raise UnstorableResult(f"the handler's result is not JSON: {error}") from error
    if len(raw) > RESULT_LIMIT_BYTES:
        raise UnstorableResult(f"the handler's result has {len(raw)} bytes of JSON, the limit is {RESULT_LIMIT_BYTES}")
    text = raw.decode()
    if holds_nul(text):
        raise UnstorableResult("the handler's result holds the character U+0000, PostgreSQL cannot store it")
    return Ended("completed", result=text)
