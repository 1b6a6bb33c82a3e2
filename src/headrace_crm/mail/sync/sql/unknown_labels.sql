-- Which of these label ids an account is not known to have.
-- Index: mailbox_label_pkey.
SELECT wanted.label_id FROM unnest($3::text[]) AS wanted (label_id)
WHERE NOT EXISTS (
    SELECT FROM crm.mailbox_label AS known
    WHERE known.owner_id = $1 AND known.label_id = wanted.label_id AND known.account_id = $2
)
