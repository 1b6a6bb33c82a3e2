-- Drops from parked streams what a rewound subscription is going to meet again.
-- Index: parked_event_pkey; under the locks of all lanes.
DELETE FROM headrace.parked_event WHERE subscription = $1 AND position > $2
