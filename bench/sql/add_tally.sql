-- Adds to the counts of keys.
-- Lock: their rows, in the order of the keys given.
INSERT INTO tally AS known SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT (key) DO UPDATE SET count = known.count + excluded.count
