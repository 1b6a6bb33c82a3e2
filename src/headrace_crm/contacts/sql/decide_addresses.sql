-- Keeps a user's word on whose addresses are.
-- Index: address_decision_pkey; the owner is locked.
INSERT INTO crm.address_decision (owner_id, email, person_id, decided_at)
SELECT $1, email, $3, $4 FROM unnest($2::text[]) AS decided (email)
ON CONFLICT (owner_id, email) DO UPDATE SET person_id = excluded.person_id, decided_at = excluded.decided_at
