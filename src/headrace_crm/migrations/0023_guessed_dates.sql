-- The newest message of an owner none of whose messages has a date that can be believed.

CREATE INDEX message_guessed_at ON crm.message (owner_id, sent_at) WHERE date_is_guessed;
