-- Gives a database another name; both names are put in quoted.
-- Lock: nobody may be connected to it.
ALTER DATABASE {name} RENAME TO {to}
