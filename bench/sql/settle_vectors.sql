-- No passage waits for its vector any more.
-- Index: none; removes all.
DELETE FROM crm.passage_unembedded
