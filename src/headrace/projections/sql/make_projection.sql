-- Makes a projection where it is new.
-- Index: projection_pkey.
INSERT INTO headrace.projection (name) VALUES ($1) ON CONFLICT (name) DO NOTHING
