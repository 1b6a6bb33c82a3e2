-- Removes everything enrichment knows of a contact.
-- Index: the primary keys of the tables, which all begin with the contact; contact_change_contact.
WITH handles AS (DELETE FROM crm.contact_handle WHERE contact_id = $1),
    lookups AS (DELETE FROM crm.account_lookup WHERE contact_id = $1),
    profiles AS (DELETE FROM crm.contact_profile WHERE contact_id = $1),
    changes AS (DELETE FROM crm.contact_change WHERE contact_id = $1)
DELETE FROM crm.enrichment WHERE contact_id = $1
