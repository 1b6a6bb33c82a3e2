-- Whether a message was dealt in with a contact.
-- Index: interaction_pkey.
SELECT EXISTS (SELECT FROM crm.interaction WHERE message_id = $2 AND contact_id = $1)
