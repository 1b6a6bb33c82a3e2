-- Whether the projection was ever built: its view is made with the first build.
-- Index: pg_class_relname_nsp_index.
SELECT to_regclass('crm.user_activity') IS NOT NULL
