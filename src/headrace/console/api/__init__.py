"""The HTTP API: everything the command line does, with an OpenAPI document."""

from headrace.console.api.api import create_api, openapi

__all__ = ["create_api", "openapi"]
