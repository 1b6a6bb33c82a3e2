-- Begins to list a mailbox anew, from the state that the server numbers so; returns which pass it is.
-- Index: mailbox_pkey; the owner is locked.
INSERT INTO crm.mailbox AS mailbox (account_id, owner_id, history_id, pass, listing, looked_at)
VALUES ($1, $2, $3, 1, 'under way', $4)
ON CONFLICT (account_id) DO UPDATE
SET history_id = excluded.history_id, pass = mailbox.pass + 1, listing = CASE mailbox.listing WHEN 'paused' THEN 'paused' ELSE 'under way' END,
    page_token = NULL, import_id = NULL, looked_at = excluded.looked_at
RETURNING pass
