-- An owner's figures.
-- Index: email_analytics_pkey.
SELECT as_of, figures::text AS figures, calculated_at FROM crm.email_analytics WHERE owner_id = $1
