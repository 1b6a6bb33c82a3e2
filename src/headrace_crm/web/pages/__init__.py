"""The CRM's pages in the console."""

from headrace_crm.web.pages.section import crm_section

__all__ = ["crm_section"]
