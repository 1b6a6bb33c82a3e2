-- Has the messages that name these addresses resolved again.
-- Index: message_address_email, message_pkey; the owner is locked.
UPDATE crm.message SET extracted_at = NULL
WHERE id IN (SELECT message_id FROM crm.message_address WHERE owner_id = $1 AND email = ANY ($2::text[]))
  AND extracted_at IS NOT NULL
