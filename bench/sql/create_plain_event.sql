-- The row of an event in a table of its own, without streams, partitions and the fence.
-- Index: the primary key here, index_plain_event for streams.
CREATE TABLE plain_event (LIKE headrace.event INCLUDING DEFAULTS INCLUDING IDENTITY, PRIMARY KEY (position))
