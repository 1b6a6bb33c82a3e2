-- Persons' addresses that wrote under one of these full names, with all full names they wrote under.
-- Index: address_name_full_name, then contact_address_pkey, address_decision_pkey and address_name_pkey.
SELECT whose.email, whose.contact_id, decision.person_id AS decided, array_agg(DISTINCT own.full_name) AS full_names
FROM (SELECT DISTINCT email FROM crm.address_name WHERE owner_id = $1 AND is_own AND full_name = ANY ($2::text[])) AS found
JOIN crm.contact_address AS whose ON whose.owner_id = $1 AND whose.email = found.email
LEFT JOIN crm.address_decision AS decision ON decision.owner_id = $1 AND decision.email = found.email
JOIN crm.address_name AS own ON own.owner_id = $1 AND own.email = found.email AND own.is_own AND own.full_name IS NOT NULL
GROUP BY whose.email, whose.contact_id, decision.person_id
ORDER BY whose.email
