"""The providers of enrichment, each behind the protocols of `headrace_crm.enrichment.provider`."""
