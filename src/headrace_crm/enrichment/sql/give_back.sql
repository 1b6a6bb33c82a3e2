-- Gives back what was set aside on a day and not charged.
-- Index: spending_pkey; its row lock.
UPDATE crm.spending SET micros = greatest(0, micros - $3) WHERE source = $1 AND day = $2
