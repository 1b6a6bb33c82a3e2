import subprocess
from pathlib import Path

from headrace.db.embedded.binaries import Binaries
from headrace.db.embedded.error import EmbeddedServerError
from headrace.db.embedded.socket_folder import PORT


def ensure(name: str, *, sockets: Path, binaries: Binaries) -> None:
    """Create the database where it is missing.

    By the wheel's own `createdb`, since the caller may have an event loop running or none. template0,
    because a client connected to template1 would be in the way.
    """
    made = subprocess.run(  # noqa: S603 -- a fixed command of the wheel
        [
            str(binaries.createdb),
            f"--host={sockets}",
            f"--port={PORT}",
            "--username=postgres",
            "--maintenance-db=postgres",
            "--template=template0",
            name,
        ],
        check=False,
        capture_output=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        text=True,
        errors="replace",
    )
    if made.returncode != 0 and "already exists" not in made.stderr:
        raise EmbeddedServerError(
            f"the server in {sockets} runs, but database {name} could not be created: {made.stderr.strip()}"
        )
