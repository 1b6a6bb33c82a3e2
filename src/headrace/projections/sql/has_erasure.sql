-- Whether a subject with events of some types was erased after a position.
-- Index: none; the few erasures are looked through.
SELECT EXISTS (SELECT FROM headrace.erasure WHERE position > $1 AND event_counts ?| $2::text[])
