-- Removes contacts without any interaction.
-- Index: contact_pkey, interaction_contact; locked in id order.
DELETE FROM crm.contact
WHERE id IN (
    SELECT id FROM crm.contact
    WHERE id = ANY ($1::uuid[]) AND NOT EXISTS (SELECT FROM crm.interaction WHERE interaction.contact_id = contact.id)
    ORDER BY id FOR UPDATE
)
RETURNING id
