-- The labels of a message as they are read.

CREATE FUNCTION crm.label_names(owner uuid, key text, label_ids text[]) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT coalesce((
            SELECT label.name FROM crm.mailbox_label AS label
            WHERE label.owner_id = owner AND label.label_id = given.label_id
            ORDER BY EXISTS (
                SELECT FROM crm.mailbox_message AS held
                WHERE held.owner_id = owner AND held.message_key = key AND held.account_id = label.account_id
            ) DESC, label.account_id
            LIMIT 1
        ), given.label_id)
        FROM unnest(label_ids) WITH ORDINALITY AS given (label_id, place)
        ORDER BY given.place
    )
$$;
COMMENT ON FUNCTION crm.label_names IS
    'The labels of a message by name: as the mailbox calls them that has the message, else any of the owner''s, else by id.';
