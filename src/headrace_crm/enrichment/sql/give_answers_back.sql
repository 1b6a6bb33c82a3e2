-- Gives a contact what sources had said of it before it was joined to another.
-- Index: contact_merge_pkey; the contact is new.
INSERT INTO crm.enrichment (contact_id, source, state, asked_for, claims, content_hash, detail, tries, asked_at, fetched_at, due_at)
SELECT $2, said.source, said.state, said.asked_for, said.claims, said.content_hash, said.detail, said.tries, said.asked_at,
       said.fetched_at, said.due_at
FROM crm.contact_merge AS joined
CROSS JOIN LATERAL jsonb_populate_recordset(NULL::crm.enrichment, joined.merged) AS said
WHERE joined.id = $1 AND said.state IN ('found', 'none')
