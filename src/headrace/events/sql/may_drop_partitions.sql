-- Tells whether the role of this session may drop partitions of the log.
-- Index: the catalogue's own.
SELECT has_function_privilege('headrace.drop_event_partition(text)', 'EXECUTE')
