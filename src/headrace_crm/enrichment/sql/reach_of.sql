-- Phones and mail addresses that sources give of contacts.
-- Index: enrichment_pkey.
SELECT contact_id, source,
       jsonb_strip_nulls(jsonb_build_object('phone', claims -> 'phone', 'other_phones', claims -> 'other_phones',
                                            'other_emails', claims -> 'other_emails'))::text AS claims
FROM crm.enrichment WHERE contact_id = ANY ($1::uuid[]) AND claims ?| ARRAY['phone', 'other_phones', 'other_emails']
ORDER BY contact_id, source
