"""The CRM over HTTP: pages, sign-ins at providers, and what providers push."""

from headrace_crm.web.application import create_web

__all__ = ["create_web"]
