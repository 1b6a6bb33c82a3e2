-- How many messages there were with a contact in each month of a stretch, those without any left out.
-- Index: interaction_contact, by its times.
SELECT (date_trunc('month', occurred_at AT TIME ZONE 'UTC'))::date AS month,
       count(*) FILTER (WHERE direction = 'sent') AS sent, count(*) FILTER (WHERE direction = 'received') AS received
FROM crm.interaction
WHERE contact_id = $1 AND occurred_at >= $2 AND occurred_at <= $3
GROUP BY month
ORDER BY month
