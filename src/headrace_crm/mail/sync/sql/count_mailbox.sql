-- How many messages of a mailbox are stored, and how many were listed and wait to be fetched.
-- Index: mailbox_message_pkey, import_account, import_item_pkey.
SELECT (SELECT count(*) FROM crm.mailbox_message WHERE account_id = $1 AND message_key IS NOT NULL AND gone_at IS NULL) AS stored,
       (SELECT count(*) FROM crm.import JOIN crm.import_item ON import_item.import_id = import.job_id
        WHERE import.account_id = $1 AND import.stored_at IS NULL) AS waiting
