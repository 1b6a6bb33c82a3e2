-- Notes that the messages concerned are listed.
-- Index: erasure_pkey.
UPDATE crm.erasure SET stage = 'chosen' WHERE id = $1 AND stage = 'asked'
