-- What a language model said of contacts.
-- Index: insight_judgement_pkey.
SELECT contact_id, judged_by, seen_through, message_ids, digests, proposals::text AS proposals
FROM crm.insight_judgement WHERE contact_id = ANY ($1::uuid[])
