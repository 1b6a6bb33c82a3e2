-- Stores the handles a source has for a contact, in place of those it had before.
-- Index: contact_handle_pkey; the contact is locked.
WITH given AS (
    SELECT network, handle, confidence, evidence
    FROM unnest($4::text[], $5::text[], $6::float8[], $7::text[]) AS given (network, handle, confidence, evidence)
), gone AS (
    DELETE FROM crm.contact_handle
    WHERE contact_id = $1 AND origin = $3 AND (network, handle) NOT IN (SELECT network, handle FROM given)
)
INSERT INTO crm.contact_handle (contact_id, owner_id, origin, network, handle, confidence, evidence, found_at)
SELECT $1, $2, $3, network, handle, confidence, evidence, $8 FROM given
ON CONFLICT (contact_id, network, handle, origin) DO UPDATE
SET confidence = excluded.confidence, evidence = excluded.evidence
