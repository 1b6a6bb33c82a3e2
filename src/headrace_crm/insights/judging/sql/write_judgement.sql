-- Stores what a language model said of a contact, unless what it said of newer letters is there.
-- Index: insight_judgement_pkey; lock: the contact's row is held against removal.
INSERT INTO crm.insight_judgement AS known (contact_id, owner_id, judged_by, seen_through, message_ids, digests, proposals, judged_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8)
ON CONFLICT (contact_id) DO UPDATE
SET judged_by = excluded.judged_by, seen_through = excluded.seen_through, message_ids = excluded.message_ids,
    digests = excluded.digests, proposals = excluded.proposals, judged_at = excluded.judged_at
WHERE known.seen_through <= excluded.seen_through
