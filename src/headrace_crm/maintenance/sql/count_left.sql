-- How much of what is left, of all owners, has one of these words or addresses in it as a whole word.
-- Index: none for texts; every message is read once.
SELECT (SELECT count(*) FROM crm.mailbox_label WHERE name ~* $1) AS labels,
       (SELECT count(DISTINCT tag) FROM crm.contact_tag WHERE tag ~* $1) AS tags,
       (SELECT count(*) FROM crm.contact
        LEFT JOIN crm.contact_profile AS profile ON profile.contact_id = contact.id
        WHERE contact.name ~* $1 OR profile.fields::text ~* $1) AS people,
       (SELECT count(*) FROM crm.question LEFT JOIN crm.answer USING (query_id)
        WHERE question.text ~* $1 OR answer.text ~* $1) AS questions,
       (SELECT count(*) FROM crm.insight WHERE text ~* $1) AS insights,
       (SELECT count(*) FROM crm.message WHERE subject ~* $1 OR body_text ~* $1 OR attachments::text ~* $1) AS messages
