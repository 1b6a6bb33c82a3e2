-- The next rows of the cursor over what was changed or locked.
-- Lock: none.
FETCH FORWARD 500 FROM headrace_locked
