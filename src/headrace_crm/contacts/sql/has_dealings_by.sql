-- Whether a contact dealt with the owner in a message that names one of these addresses.
-- Index: message_address_email, interaction_pkey.
SELECT EXISTS (
    SELECT FROM crm.message_address AS named
    JOIN crm.interaction ON interaction.message_id = named.message_id AND interaction.contact_id = $2
    WHERE named.owner_id = $1 AND named.email = ANY ($3::text[]) AND named.role IN ('from', 'to', 'cc', 'bcc')
)
