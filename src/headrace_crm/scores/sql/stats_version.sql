-- The version of a contact's stats.
-- Index: contact_stats_pkey.
SELECT version FROM crm.contact_stats WHERE contact_id = $1
