-- Locks a source to the end of the transaction, so that two who would spend on it do so one after the other.
-- Index: enrichment_source_pkey; its row lock.
INSERT INTO crm.enrichment_source AS had (source) VALUES ($1)
ON CONFLICT (source) DO UPDATE SET source = had.source
