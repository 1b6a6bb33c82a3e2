-- Adds a batch of events to their owners' days. What is retracted leaves the day it was counted in.
-- Index: the primary key of the projection's table, in its order.
INSERT INTO user_activity AS known
SELECT (data->>'owner_id')::uuid, (occurred_at AT TIME ZONE 'UTC')::date,
       count(*) FILTER (WHERE type IN ('email.sent', 'email.received')),
       count(*) FILTER (WHERE type = 'contact.created') - count(*) FILTER (WHERE type = 'contact.removed'),
       count(*) FILTER (WHERE type = 'interaction.recorded') - count(*) FILTER (WHERE type = 'interaction.retracted')
FROM batch GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (owner_id, day) DO UPDATE
SET emails = known.emails + excluded.emails, contacts = known.contacts + excluded.contacts,
    interactions = known.interactions + excluded.interactions
