-- Lets nobody connect to a database, so that it can be copied at any time; the name is put in quoted.
-- Lock: none that matters.
ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false
