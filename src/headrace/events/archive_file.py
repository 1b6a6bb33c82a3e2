"""The files of an archive: events as lines of JSON, compressed, and a manifest that says what they hold."""

import gzip
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from headrace.errors import HeadraceError
from headrace.events.retention import EventPartition, Extent
from headrace.ids import uuid7

FORMAT = "headrace-events-1"
_LEVEL = 6
_ABANDONED_SECONDS = 3_600


class ArchiveError(HeadraceError):
    """A file of an archive is missing, damaged, or that of another database."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"archive {file}: {reason}")
        self.file = file
        self.reason = reason


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of an archive holds: which partition, how many events of which types, and its SHA-256."""

    format: str
    partition: str
    retention: str
    low_position: int | None
    high_position: int | None
    low_at: datetime | None
    high_at: datetime | None
    event_count: int
    first_position: int
    last_position: int
    first_at: datetime | None
    last_at: datetime | None
    types: dict[str, int]
    file: str
    sha256: str

    @property
    def bounds(self) -> EventPartition:
        """The partition that was exported."""
        return EventPartition(
            self.partition, self.retention, self.low_position, self.high_position, self.low_at, self.high_at
        )

    @property
    def extent(self) -> Extent:
        """How many events, and from which position to which."""
        return Extent(self.event_count, self.first_position, self.last_position)


def data_file(folder: Path, partition: str) -> Path:
    """Where the events of a partition are."""
    return folder / f"{partition}.jsonl.gz"


def manifest_file(folder: Path, partition: str) -> Path:
    """Where it stands what they are; written after them, so who finds it finds both."""
    return folder / f"{partition}.manifest.json"


class ArchiveWriter:
    """Writes lines into a file that appears under its name when it is told to, whole and on the disk, or not at all.

    The same lines make the same bytes.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._partial = partial_file(target)
        self._raw: IO[bytes] | None = None
        self._packed: gzip.GzipFile | None = None

    def open(self) -> None:
        """Makes the folder and the file."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self.target.parent)
        self._raw = self._partial.open("xb")
        self._packed = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", compresslevel=_LEVEL, mtime=0)

    def write(self, lines: Iterable[str]) -> None:
        """Adds lines to the open file."""
        if self._packed is None:
            raise ValueError("open the file before writing to it")
        self._packed.write("".join(f"{line}\n" for line in lines).encode())

    def seal(self) -> str:
        """Brings the file to the disk; its SHA-256, read back."""
        if self._packed is None or self._raw is None:
            raise ValueError("open the file before sealing it")
        self._packed.close()
        _to_disk(self._raw)
        return sha256_of(self._partial)

    def publish(self, manifest: Manifest) -> None:
        """Gives the sealed file its name, then writes the manifest, which says that it is there."""
        self._partial.replace(self.target)
        sync_folder(self.target.parent)
        target = manifest_file(self.target.parent, manifest.partition)
        partial = partial_file(target)
        with partial.open("xb") as raw:
            raw.write(msgspec.json.format(msgspec.json.encode(manifest)))
            _to_disk(raw)
        partial.replace(target)
        sync_folder(target.parent)

    def close(self) -> None:
        """Closes the file, and removes it where it was not published."""
        if self._packed is not None and self._raw is not None:
            self._packed.close()
            self._raw.close()
        with suppress(FileNotFoundError):
            self._partial.unlink()


def partial_file(target: Path) -> Path:
    """A name for a file while it is written, which nobody else takes."""
    return target.with_name(f".{target.name}.{uuid7().hex}.partial")


def read_manifest(file: Path) -> Manifest:
    """Reads a manifest, given its file or that of the events. Raises ArchiveError."""
    name = file.name.removesuffix(".jsonl.gz").removesuffix(".manifest.json")
    path = manifest_file(file.parent, name)
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise ArchiveError(path, "there is no such file; name the .jsonl.gz or its manifest, side by side") from error
    except msgspec.MsgspecError as error:
        raise ArchiveError(path, f"it is no manifest: {error}") from error
    if found.format != FORMAT:
        raise ArchiveError(path, f"its format is {found.format!r}, this program reads {FORMAT!r}; upgrade headrace")
    return found


def require_whole(folder: Path, manifest: Manifest) -> Path:
    """The file of a manifest. Raises ArchiveError where it is missing or not what the manifest says."""
    path = folder / manifest.file
    try:
        found = sha256_of(path)
    except FileNotFoundError as error:
        raise ArchiveError(path, "the file that the manifest names is missing; bring it from a backup") from error
    if found != manifest.sha256:
        raise ArchiveError(path, f"its SHA-256 is {found}, the manifest says {manifest.sha256}; bring it from a backup")
    return path


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a file, in bounded memory. Raises ArchiveError where it cannot be unpacked."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as packed:
            for line in packed:
                yield line.rstrip("\n")
    except (EOFError, gzip.BadGzipFile) as error:
        raise ArchiveError(path, f"it is damaged: {error}; bring it from a backup") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Brings the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_abandoned(folder: Path) -> None:
    """Removes what processes left that were killed while they wrote; one that still writes does so more than hourly."""
    for partial in folder.glob(".*.partial"):
        with suppress(FileNotFoundError):
            if time.time() - partial.stat().st_mtime > _ABANDONED_SECONDS:
                partial.unlink()


def _to_disk(raw: IO[bytes]) -> None:
    raw.flush()
    os.fsync(raw.fileno())
