-- Removes a rule that no code declares. What its keys hold is still counted.
-- Index: limit_rule_pkey.
DELETE FROM headrace.limit_rule WHERE name = $1
