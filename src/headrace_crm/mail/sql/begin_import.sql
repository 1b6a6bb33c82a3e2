-- The row of an import, at its first attempt; no row comes back at a later one.
-- Index: import_pkey decides between two attempts.
INSERT INTO crm.import (job_id, owner_id, paths, fingerprints, bytes_total, started_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (job_id) DO NOTHING
RETURNING file_number, read_offset, started_at, fingerprints, read_at, error
