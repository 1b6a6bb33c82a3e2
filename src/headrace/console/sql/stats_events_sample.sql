-- Events by type in a sample of this many percent of the pages, the same ones each time.
-- Index: none; the pages of the sample.
SELECT type AS name, count(*) AS count FROM headrace.event TABLESAMPLE SYSTEM ($1) REPEATABLE (1) GROUP BY 1
