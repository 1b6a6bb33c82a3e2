-- What follows the first line of two dashes in letters, where there is one.
-- Index: message_pkey.
SELECT id, left(split_part(replace(body_text, E'\n-- \n', E'\n--\n'), E'\n--\n', 2), 300) AS signature
FROM crm.message WHERE id = ANY ($1::bigint[]) AND (strpos(body_text, E'\n-- \n') > 0 OR strpos(body_text, E'\n--\n') > 0)
