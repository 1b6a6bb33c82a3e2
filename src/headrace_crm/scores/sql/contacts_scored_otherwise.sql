-- An owner's contacts whose score takes another moment for now.
-- Index: contact_score_strength, by its owner.
SELECT contact_id FROM crm.contact_score WHERE owner_id = $1 AND as_of <> $2 ORDER BY contact_id
