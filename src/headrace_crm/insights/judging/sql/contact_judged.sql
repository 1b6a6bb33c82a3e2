-- A contact that letters are judged of, held against removal to the end of the statement's transaction.
-- Lock: its row, in the mode that others who refer to it share; index: contact_pkey.
SELECT id, name, addresses FROM crm.contact WHERE id = $1 AND owner_id = $2 FOR KEY SHARE
