-- Opens a cursor over the keys of the rows that some transaction has deleted, changed or locked and not (or not for good) ended.
-- Lock: none but a reader's; the whole table is looked at.
DECLARE headrace_locked NO SCROLL CURSOR FOR
SELECT jsonb_build_object({key})::text AS key FROM {table} AS each WHERE each.xmax <> '0'
