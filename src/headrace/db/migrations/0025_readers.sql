-- Readers of the log: which workers have the handler of each, and which are relays.

ALTER TABLE headrace.worker ADD COLUMN subscriptions text[], ADD COLUMN projections text[];
COMMENT ON COLUMN headrace.worker.subscriptions IS 'The subscriptions it has handlers of; null for a program that does not tell.';
COMMENT ON COLUMN headrace.worker.projections IS 'The versions of projections it has folds of, as name/version; null for a program that does not tell.';

ALTER TABLE headrace.subscription ADD COLUMN is_relay boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN headrace.subscription.is_relay IS 'It is read by a relay, which is a process of its own and no worker.';

ALTER TABLE headrace.subscription_action DROP CONSTRAINT subscription_action_action_check;
ALTER TABLE headrace.subscription_action ADD CONSTRAINT subscription_action_action_check
    CHECK (action IN ('pause', 'resume', 'skip', 'replay', 'lanes', 'rebuild', 'swap', 'drop', 'remove'));
