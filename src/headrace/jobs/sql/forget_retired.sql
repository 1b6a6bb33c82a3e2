-- Notes that a retired day is swept.
-- Index: retired_day_pkey.
DELETE FROM headrace.retired_day WHERE day = $1
