-- The way from handler to handler, kept with the events and jobs that come of it.

ALTER TABLE headrace.event ADD COLUMN path text;
COMMENT ON COLUMN headrace.event.path IS
    'The handlers of events that led to this event, one line each; NULL where none did.';
ALTER TABLE headrace.job ADD COLUMN path text;
COMMENT ON COLUMN headrace.job.path IS
    'The handlers of events that led to this job, one line each; NULL where none did, and where it was due later.';

CREATE INDEX event_deep ON headrace.event (correlation_id) WHERE path LIKE E'%\n%\n%\n%';
