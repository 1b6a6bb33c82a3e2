-- Answers all who wait for these handles.
-- Index: account_lookup_waiting, as long as what waits; locked in the order of contacts.
WITH given AS (
    SELECT handle, account FROM unnest($1::text[], $2::text[]) AS given (handle, account)
), wanted AS MATERIALIZED (
    SELECT lookup.contact_id, given.account FROM crm.account_lookup AS lookup JOIN given USING (handle)
    WHERE lookup.outcome IS NULL ORDER BY lookup.contact_id FOR UPDATE OF lookup
)
UPDATE crm.account_lookup SET outcome = $3, account = wanted.account::jsonb, detail = $4
FROM wanted WHERE account_lookup.contact_id = wanted.contact_id
