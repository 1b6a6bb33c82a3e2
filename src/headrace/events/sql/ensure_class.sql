-- Makes a retention class whose partitions are so wide, or lets later ones be so wide; true where it was new.
-- Lock: advisory; SHARE UPDATE EXCLUSIVE on the log for a new one, which lets appends and reads go on.
SELECT headrace.ensure_event_class($1, $2)
