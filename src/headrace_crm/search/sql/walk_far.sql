-- How far the index of vectors is walked, for this transaction: exactly as far as a filter needs.
-- Lock: none.
SELECT set_config('hnsw.ef_search', $1, true), set_config('hnsw.iterative_scan', 'relaxed_order', true)
