-- Makes the table that an import is staged in, for this transaction.
-- Lock: none that others meet; it is the session's own.
CREATE TEMPORARY TABLE headrace_import (
    place           bigint NOT NULL,
    stream_place    bigint,
    tenant_id       text NOT NULL,
    aggregate_type  text,
    aggregate_id    text,
    id              uuid NOT NULL,
    has_given_id    boolean NOT NULL,
    is_known        boolean NOT NULL DEFAULT false,
    type            text NOT NULL,
    schema_version  smallint NOT NULL,
    data            jsonb NOT NULL,
    user_id         text,
    source          text NOT NULL,
    correlation_id  uuid NOT NULL,
    causation_id    uuid,
    causation_kind  text,
    actor           text,
    traceparent     text,
    occurred_at     timestamptz NOT NULL,
    path            text,
    retention       text NOT NULL
) ON COMMIT DROP
