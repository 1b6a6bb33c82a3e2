-- The row that a reading of a server's mailbox counts into; none comes back where it is there already.
-- Index: import_pkey.
INSERT INTO crm.import (job_id, owner_id, account_id, source, paths, fingerprints, bytes_total, started_at)
VALUES ($1, $2, $3, 'gmail', '{}', '{}', 0, $4)
ON CONFLICT (job_id) DO NOTHING
RETURNING job_id
