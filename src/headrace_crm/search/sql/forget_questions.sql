-- Removes the questions in which an address or name of a person stands.
-- Index: none; every question is read, since erasure must miss none.
DELETE FROM crm.question
WHERE EXISTS (SELECT FROM unnest($1::text[]) AS given (mark) WHERE strpos(lower(question.text), given.mark) > 0)
