-- Labels of all owners whose name has one of these marks in it.
-- Index: none for texts; a mailbox has few labels.
SELECT owner_id, label_id, account_id, name FROM crm.mailbox_label
WHERE EXISTS (
    SELECT FROM unnest($1::text[]) AS given (mark) WHERE strpos(regexp_replace(lower(name), '\s+', ' ', 'g'), mark) > 0
)
ORDER BY owner_id, label_id, account_id
