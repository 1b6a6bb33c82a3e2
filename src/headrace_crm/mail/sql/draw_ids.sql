-- Draws ids for so many messages, and for as many threads as they may open.
-- Lock: none; what is drawn and not used leaves a gap.
SELECT nextval('crm.message_id_seq') AS message_id, nextval('crm.thread_id_seq') AS thread_id
FROM generate_series(1, $1::integer)
ORDER BY 1
