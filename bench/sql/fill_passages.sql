-- Stores the passage of every message and every contact, with the words of what it is made of.
-- Index: letter_pool_pkey, passage_message_id_number_key, passage_contact_id_number_key.
INSERT INTO crm.passage (owner_id, kind, message_id, contact_id, number, title, body, occurred_at, words, word_count)
SELECT message.owner_id, 'message', message.id, NULL::uuid, 0, message.subject, message.body_text, message.sent_at,
       about.subject_words || one.words || other.words, length(about.subject_words) + one.word_count + other.word_count
FROM crm.message
JOIN letter_pool AS about ON about.number = message.thread_id % $2::integer
JOIN letter_pool AS one ON one.number = message.id % $2
JOIN letter_pool AS other ON other.number = (message.id * 31 + message.id / $2) % $2
WHERE message.owner_id = $1
UNION ALL
SELECT contact.owner_id, 'contact', NULL, contact.id, 0, contact.name, contact.addresses[1], contact.created_at,
       setweight(to_tsvector('simple', contact.name), 'A'), 2
FROM crm.contact
WHERE contact.owner_id = $1
