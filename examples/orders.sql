-- The shop of orders.py in plain SQL: a trigger enqueues a job for every order, whoever stores it.
-- A role that may store orders needs no right on the jobs; one that may only enqueue can do nothing else.
--
--     psql "$HEADRACE_DATABASE_URL" --file examples/orders.sql

CREATE TABLE IF NOT EXISTS orders (id bigint GENERATED ALWAYS AS IDENTITY, item text NOT NULL, receipt text);

CREATE OR REPLACE FUNCTION send_receipt() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM headrace.enqueue('send-receipt', to_jsonb(NEW.id), wake => true);
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER send_receipt AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION send_receipt();

BEGIN;
INSERT INTO orders (item) VALUES ('lamp');
SAVEPOINT unsure;
INSERT INTO orders (item) VALUES ('chair');
ROLLBACK TO SAVEPOINT unsure; -- neither the chair's order nor its job is stored
COMMIT;
