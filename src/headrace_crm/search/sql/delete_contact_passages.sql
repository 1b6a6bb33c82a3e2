-- Removes the passages of contacts, to be written anew.
-- Index: passage_contact_id_number_key.
DELETE FROM crm.passage WHERE contact_id = ANY ($1::uuid[])
