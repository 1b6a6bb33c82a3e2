-- Search: passages of mail, people and questions with their words, and where pgvector is installed their vectors.

CREATE TABLE crm.passage (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id     uuid NOT NULL REFERENCES crm.owner ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('message', 'contact', 'question')),
    message_id   bigint REFERENCES crm.message ON DELETE CASCADE,
    contact_id   uuid REFERENCES crm.contact ON DELETE CASCADE,
    question_id  uuid,
    number       smallint NOT NULL,
    title        text NOT NULL,
    body         text NOT NULL,
    words        tsvector NOT NULL,
    word_count   integer NOT NULL,
    occurred_at  timestamptz NOT NULL,
    stored_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (message_id, number),
    UNIQUE (contact_id, number),
    UNIQUE (question_id, number),
    CHECK (num_nonnulls(message_id, contact_id, question_id) = 1)
);
-- Ranking reads words far more often than the text beside them.
ALTER TABLE crm.passage ALTER COLUMN words SET STORAGE MAIN;
CREATE INDEX passage_words ON crm.passage USING gin (words);
CREATE INDEX passage_owner ON crm.passage (owner_id, occurred_at);
COMMENT ON TABLE crm.passage IS 'A piece of text that can be found: of a message''s own words, of a person, or a question asked.';
COMMENT ON COLUMN crm.passage.word_count IS 'Places of words in the passage, stop words left out: its length for ranking.';

CREATE TABLE crm.vocabulary (
    owner_id       uuid PRIMARY KEY REFERENCES crm.owner ON DELETE CASCADE,
    passage_count  bigint NOT NULL,
    word_total     bigint NOT NULL,
    counted_at     timestamptz NOT NULL
);
COMMENT ON TABLE crm.vocabulary IS 'How many passages an owner had when their words were counted last, and how long they were together.';

CREATE TABLE crm.word (
    owner_id       uuid NOT NULL REFERENCES crm.owner ON DELETE CASCADE,
    word           text NOT NULL,
    passage_count  bigint NOT NULL,
    PRIMARY KEY (owner_id, word)
);
COMMENT ON TABLE crm.word IS 'In how many passages of an owner a word is, as counted last. One that is not here is in one.';

CREATE TABLE crm.passage_unembedded (
    passage_id  bigint PRIMARY KEY REFERENCES crm.passage ON DELETE CASCADE
);
COMMENT ON TABLE crm.passage_unembedded IS 'Passages without a vector of the model in use, the newest taken first.';

CREATE TABLE crm.embedding_model (
    id          smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    version     text NOT NULL,
    dimension   integer NOT NULL CHECK (dimension > 0),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (name, version, dimension)
);
COMMENT ON TABLE crm.embedding_model IS 'Models that made vectors. Those of two models are never compared.';

CREATE FUNCTION crm.ready_vectors() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass('crm.embedding') IS NOT NULL THEN
        RETURN true;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('crm.ready_vectors'));
    IF to_regclass('crm.embedding') IS NOT NULL THEN
        RETURN true;
    END IF;
    IF to_regtype('halfvec') IS NULL THEN
        IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
            RETURN false;
        END IF;
        BEGIN
            CREATE EXTENSION IF NOT EXISTS vector;
        EXCEPTION WHEN insufficient_privilege THEN
            RETURN false;
        END;
        -- Before 0.7 it has no halfvec.
        IF to_regtype('halfvec') IS NULL THEN
            RETURN false;
        END IF;
    END IF;
    CREATE TABLE crm.embedding (
        model_id    smallint NOT NULL REFERENCES crm.embedding_model,
        passage_id  bigint NOT NULL REFERENCES crm.passage ON DELETE CASCADE,
        vector      halfvec NOT NULL,
        PRIMARY KEY (model_id, passage_id)
    ) PARTITION BY LIST (model_id);
    CREATE INDEX embedding_passage ON crm.embedding (passage_id);
    COMMENT ON TABLE crm.embedding IS 'The vector of a passage by a model; each model has a partition with an index of its own.';
    RETURN true;
END
$$;
COMMENT ON FUNCTION crm.ready_vectors IS 'Makes the table of vectors where pgvector can be had; false where it cannot.';

CREATE FUNCTION crm.ready_model(model_name text, model_version text, model_dimension integer) RETURNS smallint
LANGUAGE plpgsql AS $$
DECLARE
    found smallint;
BEGIN
    SELECT id INTO found FROM crm.embedding_model
    WHERE name = model_name AND version = model_version AND dimension = model_dimension;
    IF found IS NOT NULL THEN
        RETURN found;
    END IF;
    INSERT INTO crm.embedding_model (name, version, dimension)
    VALUES (model_name, model_version, model_dimension)
    ON CONFLICT (name, version, dimension) DO NOTHING
    RETURNING id INTO found;
    IF found IS NULL THEN
        SELECT id INTO found FROM crm.embedding_model
        WHERE name = model_name AND version = model_version AND dimension = model_dimension;
        RETURN found;
    END IF;
    EXECUTE format('CREATE TABLE crm.embedding_%s PARTITION OF crm.embedding FOR VALUES IN (%s)', found, found);
    EXECUTE format(
        'CREATE INDEX embedding_%s_near ON crm.embedding_%s USING hnsw ((vector::halfvec(%s)) halfvec_cosine_ops)',
        found, found, model_dimension
    );
    INSERT INTO crm.passage_unembedded (passage_id) SELECT id FROM crm.passage ON CONFLICT DO NOTHING;
    RETURN found;
END
$$;
COMMENT ON FUNCTION crm.ready_model IS 'The id of a model; for a new one its partition, and every passage waits for its vector.';

CREATE FUNCTION crm.drop_models(keep smallint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    other record;
    dropped integer := 0;
BEGIN
    FOR other IN SELECT id FROM crm.embedding_model WHERE id <> keep ORDER BY id LOOP
        EXECUTE format('DROP TABLE IF EXISTS crm.embedding_%s', other.id);
        DELETE FROM crm.embedding_model WHERE id = other.id;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION crm.drop_models IS 'Drops the vectors of all models but one; how many models went.';
