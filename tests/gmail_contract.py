"""Google's description of the Gmail API as a judge of requests and answers."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator

DOCUMENT = Path(__file__).resolve().parents[2] / "shared" / "contracts" / "gmail.v1.json"
_FORMATS = {
    "uint64": {"pattern": r"^\d{1,20}$"},
    "int64": {"pattern": r"^-?\d{1,19}$"},
    "byte": {"pattern": r"^[A-Za-z0-9_-]*={0,2}$"},
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "uint32": {"minimum": 0, "maximum": 2**32 - 1},
}
_QUERY: dict[str, Callable[[str], bool]] = {
    "boolean": lambda value: value in {"true", "false"},
    "uint32": lambda value: re.fullmatch(r"\d{1,10}", value) is not None and int(value) < 2**32,
    # Google's own history ids fit; a server's that are wider must be asked for all the same.
    "uint64": lambda value: re.fullmatch(r"\d+", value) is not None,
}


class GmailContract:
    """Knows every method of the document: its route, its parameters, what it takes and what it answers."""

    def __init__(self, document: Path = DOCUMENT) -> None:
        found = json.loads(document.read_text())
        self.methods = {method["id"]: method for method in _methods(found)}
        self.standard = frozenset(found["parameters"])
        definitions = {name: _schema(schema) for name, schema in found["schemas"].items()}
        self._validators = {
            name: Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions}) for name in definitions
        }

    def method_of(self, verb: str, path: str) -> dict | None:
        """The method behind a route; an upload route is its method's too."""
        for method in self.methods.values():
            routes = [method["flatPath"], *([f"upload/{method['flatPath']}"] if "mediaUpload" in method else [])]
            for route in routes:
                pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route))
                if method["httpMethod"] == verb and re.fullmatch(pattern, path.lstrip("/")):
                    return method
        return None

    def problems_of_request(self, verb: str, target: str, body: bytes = b"") -> list[str]:
        """What is wrong with a request; nothing when it may be sent so."""
        parts = urlsplit(target)
        method = self.method_of(verb, parts.path)
        if method is None:
            return [f"{verb} {parts.path} is no method"]
        problems = []
        given = parse_qs(parts.query, keep_blank_values=True)
        for name, values in given.items():
            declared = method["parameters"].get(name)
            if declared is None or declared["location"] != "query":
                if name not in self.standard:
                    problems.append(f"{method['id']} has no parameter {name}")
                continue
            if len(values) > 1 and not declared.get("repeated"):
                problems.append(f"{method['id']}: {name} is given {len(values)} times")
            problems += [f"{name}={value}" for value in values if not _fits(declared, value)]
        problems += [
            f"{method['id']} needs {name}"
            for name, declared in method["parameters"].items()
            if declared.get("required") and declared["location"] == "query" and name not in given
        ]
        if body and "request" in method:
            problems += self._problems(method["request"]["$ref"], body)
        elif body:
            problems.append(f"{method['id']} takes no body")
        return problems

    def problems_of_answer(self, verb: str, target: str, status: int, body: bytes) -> list[str]:
        """What is wrong with an answer: its method's schema for a success, Google's form of an error otherwise."""
        if status >= 400:
            error = json.loads(body)["error"]
            is_error = error["code"] == status and error["errors"][0]["reason"] and error["message"]
            return [] if is_error else [f"no error of Google's: {error}"]
        method = self.method_of(verb, urlsplit(target).path)
        if method is None:
            return [f"{verb} {target} is no method"]
        if "response" not in method:
            return [f"{method['id']} answers nothing, got {body[:100]}"] if body.strip() not in {b"", b"{}"} else []
        return self._problems(method["response"]["$ref"], body)

    def _problems(self, schema: str, body: bytes) -> list[str]:
        errors = self._validators[schema].iter_errors(json.loads(body))
        return [f"{schema} at {error.json_path}: {error.message[:200]}" for error in errors]


def _fits(declared: dict, value: str) -> bool:
    judge = _QUERY.get(declared.get("format", declared["type"]), lambda _: True)
    return judge(value) and value in declared.get("enum", [value])


def _methods(resource: dict):
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from _methods(inner)


def _schema(schema: dict) -> dict:
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    made: dict = {key: schema[key] for key in ("type", "enum") if key in schema and schema[key] != "any"}
    made |= _FORMATS.get(schema.get("format", ""), {})
    if "items" in schema:
        made["items"] = _schema(schema["items"])
    if "properties" in schema:
        made["properties"] = {name: _schema(each) for name, each in schema["properties"].items()}
        made["additionalProperties"] = False
    return made
