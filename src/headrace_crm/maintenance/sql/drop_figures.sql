-- Removes the figures of mail in which people and subjects are shown; they are calculated anew.
-- Index: email_analytics_pkey.
DELETE FROM crm.email_analytics WHERE owner_id = ANY ($1::uuid[])
