-- Answers of sources, kept from the moment they came: whoever could not merge one any more does not pay for it twice.

-- Text and not jsonb: an answer that was paid for is kept whatever it holds, and jsonb takes no NUL.
ALTER TABLE crm.enrichment ADD COLUMN received text;
COMMENT ON COLUMN crm.enrichment.received IS 'An answer that came and is not merged yet, as JSON with the moment it came. NULL: none is.';
