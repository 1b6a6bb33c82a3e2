-- The safe head.
-- Index: none; one row.
SELECT position FROM headrace.head
