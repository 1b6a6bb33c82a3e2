-- The look-up of a contact's handle.
-- Index: account_lookup_pkey.
SELECT handle, outcome, account, detail FROM crm.account_lookup WHERE contact_id = $1
