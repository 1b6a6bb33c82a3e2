"""That what the console stands on is installed: it is an extra of the package."""

from collections.abc import Sequence
from importlib.util import find_spec

from headrace.errors import ConfigurationError

NEEDED = ("fastapi", "jinja2", "prometheus_client", "sse_starlette", "starlette", "uvicorn")


def require_installed(modules: Sequence[str] = NEEDED) -> None:
    """Raises ConfigurationError naming the modules that are missing, and what to install."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"the console needs {', '.join(missing)}, which is not installed; pip install 'headrace[console]'"
        )


require_installed()
