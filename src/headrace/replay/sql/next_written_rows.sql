-- The next rows of the cursor over what was written.
-- Lock: none.
FETCH FORWARD 500 FROM headrace_written
