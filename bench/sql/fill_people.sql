-- Stores an owner that is new with people: one or two addresses, a profile, for one of ten a tag.
-- Index: the primary keys of the tables it writes.
WITH new_owner AS (
    INSERT INTO crm.owner (id) VALUES ($1)
), own_address AS (
    INSERT INTO crm.owner_address (owner_id, email) VALUES ($1, 'me@weir.example')
), person AS MATERIALIZED (
    SELECT number, md5('person ' || number)::uuid AS id,
           initcap(($4::text[])[1 + number % cardinality($4::text[])]) || ' ' || initcap(($4::text[])[1 + number * 31 % cardinality($4::text[])]) AS name,
           ARRAY['p' || number || '@weir.example']
               || CASE WHEN number % 5 = 0 THEN ARRAY['p' || number || '@home.example'] ELSE '{}'::text[] END AS addresses
    FROM generate_series(1, $2::integer) AS number
), contact AS (
    INSERT INTO crm.contact (id, owner_id, name, addresses, is_unread) SELECT id, $1, name, addresses, false FROM person
), address AS (
    INSERT INTO crm.address (owner_id, email, authored_count, standing, is_stale)
    SELECT $1, email, 1, 'person', false FROM person, unnest(addresses) AS email
), known AS (
    INSERT INTO crm.contact_address (owner_id, email, contact_id)
    SELECT $1, email, id FROM person, unnest(addresses) AS email
), tagged AS (
    INSERT INTO crm.contact_tag (contact_id, owner_id, tag, tagged_at)
    SELECT id, $1, 'tag-' || number % 20, $3 FROM person WHERE number % 10 = 1
), answered AS (
    INSERT INTO crm.enrichment (contact_id, source, state, asked_for, content_hash, asked_at, fetched_at)
    SELECT id, 'signature', 'found', addresses[1], md5(name), $3, $3 FROM person
)
INSERT INTO crm.contact_profile (contact_id, owner_id, fields, content_hash, changed_at)
SELECT id, $1,
       jsonb_object_agg(field, jsonb_build_object('value', name || ' ' || field, 'source', 'signature', 'confidence', 0.9,
                                                  'fetched_at', $3::timestamptz, 'evidence', '')),
       md5(name), $3
FROM person, unnest(ARRAY['title', 'organisation', 'location', 'phone']) AS field
GROUP BY id, name
