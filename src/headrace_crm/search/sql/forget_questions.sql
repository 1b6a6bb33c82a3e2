-- Removes the questions in which, or in whose answers, an address or name of a person stands, or that are answered by what they wrote.
-- Index: none; every question and answer is read, since erasure must miss none.
DELETE FROM crm.question
WHERE EXISTS (SELECT FROM unnest($1::text[]) AS given (mark) WHERE strpos(lower(question.text), given.mark) > 0)
   OR EXISTS (SELECT FROM crm.answer, unnest($1::text[]) AS given (mark)
              WHERE answer.query_id = question.query_id
                AND strpos(lower(answer.text || ' ' || array_to_string(answer.about, ' ')), given.mark) > 0)
   OR EXISTS (SELECT FROM crm.citation
              WHERE citation.query_id = question.query_id
                AND (citation.contact_id = ANY ($3::uuid[])
                     OR citation.message_id IN (SELECT message_id FROM crm.message_address
                                                WHERE role = 'from' AND email = ANY ($2::text[]))
                     OR EXISTS (SELECT FROM unnest($1::text[]) AS given (mark)
                                WHERE strpos(lower(citation.quote), given.mark) > 0)))
