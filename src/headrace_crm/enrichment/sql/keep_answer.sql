-- Keeps a source's answer to what it was asked, until it is merged; nothing where that is answered or asks for something else now.
-- Index: enrichment_pkey; its row lock.
UPDATE crm.enrichment SET received = $4
WHERE contact_id = $1 AND source = $2 AND asked_for = $3 AND state IN ('asked', 'pending')
