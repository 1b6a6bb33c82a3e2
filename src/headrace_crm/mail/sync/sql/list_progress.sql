-- What the listings of some accounts' mail have come to, from counts that are kept as they go on.
-- Index: mailbox_pkey, import_pkey, import_account.
SELECT mailbox.account_id, mailbox.listing, mailbox.looked_at, coalesce(listed.read_count, 0) AS listed,
       coalesce(listed.new_count + listed.duplicate_count + listed.unparsed_count, 0) AS settled,
       (SELECT coalesce(sum(batch_count - batches_done), 0)::bigint FROM crm.import
        WHERE import.account_id = mailbox.account_id AND import.stored_at IS NULL) AS waiting_batches
FROM crm.mailbox LEFT JOIN crm.import AS listed ON listed.job_id = mailbox.import_id
WHERE mailbox.account_id = ANY ($1::uuid[])
