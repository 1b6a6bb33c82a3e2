-- Stores vectors, numbered from 0.
-- Index: vector_pool_pkey.
INSERT INTO vector_pool (number, vector)
SELECT place - 1, vector::halfvec FROM unnest($1::text[]) WITH ORDINALITY AS given (vector, place)
