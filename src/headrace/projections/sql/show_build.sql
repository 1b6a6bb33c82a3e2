-- Lets the views of a projection show one build's tables.
-- Lock: the views, exclusively, in the order of their names; bounded by the lock_timeout of the transaction.
SELECT headrace.show_build($1, $2::text[], $3)
