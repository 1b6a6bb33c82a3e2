"""Naming a handler so that another process finds it: by its module and its name in there."""

import importlib
import inspect
from collections.abc import Callable
from functools import reduce
from typing import Any

from headrace.errors import ConfigurationError

Handler = Callable[..., Any]


def require_importable(kind: str, handler: Handler) -> None:
    """Raises ConfigurationError for a handler that no other process could import."""
    if inspect.iscoroutinefunction(handler):
        raise ConfigurationError(
            f"the handler of job kind {kind!r} is a coroutine function, which runs on the event loop; "
            'write it as a plain def, or leave executor="process" out'
        )
    if not inspect.isfunction(handler):
        raise ConfigurationError(
            f"the handler of job kind {kind!r} is a {type(handler).__name__}; "
            'executor="process" takes a function of a module, which a child process can import'
        )
    where = f"{handler.__module__}.{handler.__qualname__}"
    if handler.__module__ == "__main__":
        raise ConfigurationError(
            f"the handler of job kind {kind!r} is defined in the program that was started ({where}), which a child "
            'process cannot import; move it to a module of its own and import that, or leave executor="process" out'
        )
    if "<" in handler.__qualname__:
        raise ConfigurationError(
            f"the handler of job kind {kind!r} is made inside a function ({where}), where a child process cannot find "
            'it; define it at the top of its module, or leave executor="process" out'
        )


def require_found(kind: str, handler: Handler) -> None:
    """Raises ConfigurationError where a handler is not what its module has under its name."""
    found = find_handler(handler.__module__, handler.__qualname__)
    if found is not handler:
        raise ConfigurationError(
            f"the handler of job kind {kind!r} is not what {handler.__module__} calls {handler.__qualname__}, so a "
            "child process would run something else; put @app.job(...) above its other decorators, "
            "and give no two functions one name"
        )


def find_handler(module: str, name: str) -> Any:
    """What a module has under a name, dots in it included. Raises ConfigurationError where it has not."""
    try:
        return reduce(getattr, name.split("."), importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"a child process cannot import {name} from {module}: {error}; "
            "start the worker where the module can be imported, and define the handler at its top"
        ) from error
