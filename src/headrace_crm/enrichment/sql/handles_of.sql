-- A contact's handles, the surest first; what others of the owner's contacts sign with too is worth $2 at most.
-- Index: contact_handle_pkey; contact_handle_shared for each handle.
SELECT own.network, own.handle, own.origin, own.evidence,
       CASE WHEN own.origin = 'signature' AND EXISTS (
           SELECT FROM crm.contact_handle AS other
           WHERE other.owner_id = own.owner_id AND other.network = own.network AND other.handle = own.handle
             AND other.origin = 'signature' AND other.contact_id <> own.contact_id
       ) THEN least(own.confidence, $2) ELSE own.confidence END AS confidence
FROM crm.contact_handle AS own WHERE own.contact_id = $1
ORDER BY confidence DESC, own.network, own.handle, own.origin
