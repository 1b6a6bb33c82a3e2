-- Holds an insight for whoever answers it.
-- Lock: its row; index: insight_pkey.
SELECT owner_id, contact_id, kind, state FROM crm.insight WHERE id = $1 FOR NO KEY UPDATE
