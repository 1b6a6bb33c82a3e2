"""Crashes are read from a server's log, and nothing else is."""

from headrace.testing.server_crashes import server_crashes

LOG = """\
2026-01-01 00:00:00.000 UTC [1] LOG:  database system is ready to accept connections
2026-01-01 00:00:01.000 UTC [2] ERROR:  relation "x" does not exist at character 15
2026-01-01 00:00:01.000 UTC [2] STATEMENT:  SELECT * FROM x
2026-01-01 00:00:02.000 UTC [1] LOG:  client backend (PID 7) was terminated by signal 11: Segmentation fault
2026-01-01 00:00:02.000 UTC [1] DETAIL:  Failed process was running: SELECT y
2026-01-01 00:00:02.000 UTC [1] LOG:  terminating any other active server processes
2026-01-01 00:00:03.000 UTC [3] PANIC:  could not write to file "pg_wal/xlogtemp.3": No space left on device
2026-01-01 00:00:04.000 UTC [1] LOG:  background worker "a" (PID 9) exited with exit code 1
2026-01-01 00:00:05.000 UTC [1] LOG:  checkpointer process (PID 8) exited with exit code 3
"""


def test_a_process_that_died_is_told_with_what_it_ran(tmp_path):
    log = tmp_path / "postgres.log"
    log.write_text(LOG)
    assert [line.split("] ")[1] for line in server_crashes(log)] == [
        "LOG:  client backend (PID 7) was terminated by signal 11: Segmentation fault",
        "DETAIL:  Failed process was running: SELECT y",
        'PANIC:  could not write to file "pg_wal/xlogtemp.3": No space left on device',
        "LOG:  checkpointer process (PID 8) exited with exit code 3",
    ]


def test_without_a_log_there_was_no_crash(tmp_path):
    assert server_crashes(tmp_path / "postgres.log") == []
