-- What a request under this key asked, and was answered.
-- Index: request_key.
SELECT fingerprint, status, answer FROM headrace.request WHERE actor = $1 AND key = $2
