-- Makes the table that remembers which migrations ran.
-- Lock: under the advisory lock of lock_migrations.
CREATE TABLE IF NOT EXISTS headrace.migration (
    set_name   text NOT NULL,
    number     integer NOT NULL,
    name       text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (set_name, number)
)
