-- Drops the partitions of a day, moving what must stay; NULL where that is more than the bound.
-- Lock: EXCLUSIVE on the day, then ACCESS EXCLUSIVE on the partitioned tables, inside retire_day; bounded by lock_timeout.
SELECT headrace.retire_day($1, $2, $3, $4, $5, $6, $7)
