-- For this transaction: how far the index of vectors is walked, namely as far as a filter needs; that words are found by
-- their index, since comparing costs more than is thought; and that each query is planned for its own words and times.
-- Lock: none.
SELECT set_config('hnsw.ef_search', $1, true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
       set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)
