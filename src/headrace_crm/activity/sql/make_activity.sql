-- Makes the table of one build of the projection.
-- Lock: on nothing but the new table.
CREATE TABLE user_activity (
    owner_id      uuid,
    day           date,
    emails        bigint NOT NULL,
    contacts      bigint NOT NULL,
    interactions  bigint NOT NULL,
    PRIMARY KEY (owner_id, day)
)
