-- The handles to look up next, each once: those of one job first, then the oldest.
-- Index: account_lookup_waiting, as long as what waits.
SELECT handle, bool_or(lookup_id = $1) AS is_own FROM crm.account_lookup WHERE outcome IS NULL
GROUP BY handle ORDER BY is_own DESC, min(requested_at), handle LIMIT $2
