-- Where an owner's pages have much on them: the closest contact, one in the middle, a message of each kind, and others.
-- Index: contact_score_strength, message_pkey, message_thread, answer_pkey, account_pkey.
SELECT closest.contact_id AS closest, middle.contact_id AS middle, middle.strength,
       (SELECT max(id) FROM crm.message WHERE thread_id <> 0) AS newest,
       (SELECT id FROM crm.message WHERE thread_id = 0 ORDER BY sent_at DESC LIMIT 1) AS in_long,
       (SELECT query_id FROM crm.answer ORDER BY query_id DESC LIMIT 1) AS question,
       (SELECT account_id FROM crm.mailbox_message LIMIT 1) AS account
FROM (SELECT contact_id FROM crm.contact_score WHERE owner_id = $1 ORDER BY strength DESC, contact_id LIMIT 1) AS closest,
     (SELECT contact_id, strength FROM crm.contact_score WHERE owner_id = $1 ORDER BY strength DESC, contact_id
      OFFSET (SELECT count(*) / 2 FROM crm.contact_score WHERE owner_id = $1) LIMIT 1) AS middle
