-- The newest messages dealt in with a contact; their labels by name, of the mailbox that has the message where several do.
-- Index: interaction_contact, from its end; message_pkey, mailbox_label_pkey, mailbox_message_key.
SELECT message.id, message.sent_at, interaction.direction, message.subject, message.thread_id,
       ARRAY(
           SELECT coalesce((
               SELECT label.name FROM crm.mailbox_label AS label
               WHERE label.owner_id = message.owner_id AND label.label_id = given.label_id
               ORDER BY EXISTS (
                   SELECT FROM crm.mailbox_message AS held
                   WHERE held.owner_id = message.owner_id AND held.message_key = message.message_key
                     AND held.account_id = label.account_id
               ) DESC, label.account_id
               LIMIT 1
           ), given.label_id)
           FROM unnest(message.labels) WITH ORDINALITY AS given (label_id, place)
           ORDER BY given.place
       ) AS labels
FROM crm.interaction JOIN crm.message ON message.id = interaction.message_id
WHERE interaction.contact_id = $1
ORDER BY interaction.occurred_at DESC, message.id DESC
LIMIT $2
