"""Settings of the CRM: one module for each part that has any, read once at the start and passed down."""

from headrace_crm.config.enrichment import ClearbitSettings, EnrichmentSettings, PdlSettings, XSettings
from headrace_crm.config.gmail import GmailSettings
from headrace_crm.config.google import GoogleSettings
from headrace_crm.config.settings import Settings
from headrace_crm.config.web import WebSettings

__all__ = [
    "ClearbitSettings",
    "EnrichmentSettings",
    "GmailSettings",
    "GoogleSettings",
    "PdlSettings",
    "Settings",
    "WebSettings",
    "XSettings",
]
