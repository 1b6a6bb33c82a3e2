-- An owner's days that had any activity, the newest first.
-- Index: the primary key of the projection's table, (owner_id, day).
SELECT day, emails, contacts, interactions FROM crm.user_activity
WHERE owner_id = $1 AND day BETWEEN $2 AND $3
ORDER BY day DESC
