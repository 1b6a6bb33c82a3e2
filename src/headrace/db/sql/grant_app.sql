-- Grants a role what an application needs, and records that it did.
-- Lock: none that work waits for; privileges are rows of the catalogue.
SELECT headrace.grant_app($1, $2, $3)
