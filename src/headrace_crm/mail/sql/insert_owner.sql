-- A new owner.
-- Lock: the inserted row; nobody else can see it before the commit.
INSERT INTO crm.owner (id) VALUES ($1)
