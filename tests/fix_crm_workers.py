"""Worker processes of the CRM that tests kill."""

import os
import subprocess
import sys

_COMMAND = (sys.executable, "-m", "headrace.cli", "--app", "headrace_crm.app:create_app", "worker")


class CrmWorkers:
    """Two worker processes, each replaced when it is killed; `environment` comes on top of that of the tests."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        self._command = (*_COMMAND, *options)
        self._environment = {**os.environ, **environment}
        self._processes = [self._start() for _ in range(2)]

    def kill(self, number: int) -> None:
        """Kills one with -9 and starts another in its place."""
        self._processes[number].kill()
        self._processes[number].wait()
        self._processes[number] = self._start()

    def stop(self) -> None:
        """Kills both."""
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
