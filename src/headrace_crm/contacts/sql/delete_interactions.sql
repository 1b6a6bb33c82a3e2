-- Removes interactions that were none.
-- Index: interaction_pkey; the owner is locked.
DELETE FROM crm.interaction USING unnest($1::bigint[], $2::uuid[]) AS retracted (message_id, contact_id)
WHERE interaction.message_id = retracted.message_id AND interaction.contact_id = retracted.contact_id
