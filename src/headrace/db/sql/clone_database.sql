-- Makes a copy of a template database, file by file; both names are put in quoted.
-- Lock: on the template, shared; runs outside a transaction.
CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy
