-- Makes an empty database; the name is put in quoted.
-- Lock: on template1, shared; runs outside a transaction.
CREATE DATABASE {name}
