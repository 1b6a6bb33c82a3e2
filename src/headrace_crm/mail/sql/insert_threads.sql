-- Opens threads under ids drawn before.
-- Lock: the owner is locked.
INSERT INTO crm.thread (id, owner_id) OVERRIDING SYSTEM VALUE SELECT unnest($2::bigint[]), $1
