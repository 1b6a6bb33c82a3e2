-- What letters are put together from, for this session.
-- Lock: on nothing but the new table.
CREATE TEMPORARY TABLE letter_pool (
    number         integer PRIMARY KEY,
    subject        text NOT NULL,
    body           text NOT NULL,
    subject_words  tsvector,
    words          tsvector,
    word_count     integer
)
