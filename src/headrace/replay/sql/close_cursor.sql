-- Closes a cursor, so that the next table may have one of its name.
-- Lock: none.
CLOSE {name}
