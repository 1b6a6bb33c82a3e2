-- Whether there are vectors here; makes their table where pgvector can be had.
-- Lock: advisory, while the table is made.
SELECT crm.ready_vectors()
