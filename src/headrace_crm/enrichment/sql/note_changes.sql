-- Keeps the old and the new value of fields that changed.
-- Lock: the contact is locked.
INSERT INTO crm.contact_change (contact_id, field, old_value, new_value, source, evidence, changed_at)
SELECT $1, field, old_value, new_value, source, evidence, $7
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS noted (field, old_value, new_value, source, evidence)
