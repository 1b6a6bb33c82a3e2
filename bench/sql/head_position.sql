-- Where the log ends, as far as it can be read.
-- Index: head_pkey.
SELECT position FROM headrace.head
