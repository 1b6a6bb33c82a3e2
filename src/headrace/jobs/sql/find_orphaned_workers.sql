-- The numbers of workers that hold jobs though they are no longer registered (a claim that committed as its worker was
-- given up).
-- Index: run_held_by; the set of held jobs is small.
SELECT DISTINCT run.worker_id FROM headrace.run
WHERE run.state = 'processing' AND NOT EXISTS (SELECT FROM headrace.worker WHERE worker.id = run.worker_id)
