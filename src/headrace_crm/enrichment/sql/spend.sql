-- Counts an amount as spent on a day.
-- Index: spending_pkey; the source is locked.
INSERT INTO crm.spending AS had (source, day, micros, calls) VALUES ($1, $2, $3, 1)
ON CONFLICT (source, day) DO UPDATE SET micros = had.micros + excluded.micros, calls = had.calls + 1
