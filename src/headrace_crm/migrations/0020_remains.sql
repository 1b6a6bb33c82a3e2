-- Words of somebody's name, to tell after an erasure what may still name them.

ALTER TABLE crm.erasure ADD COLUMN words text[];
COMMENT ON COLUMN crm.erasure.words IS 'Single words of their names, in lower case. NULL once the erasure is done.';
