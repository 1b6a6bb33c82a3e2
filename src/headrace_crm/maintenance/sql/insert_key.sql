-- Makes the key that digests of what was erased are made with, where there is none.
-- Index: erasure_key_pkey.
INSERT INTO crm.erasure_key (key) VALUES ($1) ON CONFLICT DO NOTHING
