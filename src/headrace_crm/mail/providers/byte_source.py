"""Bytes of a plain or gzipped file, forward only, with the position a progress bar wants."""

import os
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from headrace_crm.errors import CrmError

CHUNK_BYTES: Final = 256 * 1024

_GZIP_MAGIC: Final = b"\x1f\x8b\x08"
_GZIP_WINDOW: Final = 31


class MailboxFileError(CrmError):
    """A mailbox file cannot be read on; what came before it was read in full.

    `offset` counts uncompressed bytes: everything before it is good.
    """

    def __init__(self, path: Path, offset: int, fact: str) -> None:
        super().__init__(f"{path} {fact} after {offset} bytes of mail; get a whole copy and import it again")
        self.path = path
        self.offset = offset


class ByteSource(Protocol):
    """Where the mailbox reader takes its bytes."""

    @property
    def bytes_read(self) -> int:
        """Bytes of the file consumed so far: compressed ones for gzip."""
        ...

    def read(self) -> bytes:
        """The next piece; empty at the end, and again empty when asked again.

        Raises:
            MailboxFileError: the compressed data is damaged or cut off.

        """
        ...


@contextmanager
def open_source(path: Path, *, start_offset: int) -> Generator[tuple[ByteSource, int]]:
    """Open a file at an uncompressed offset; yields the source and the size of the file on disk.

    Gzip is told by its first bytes, never by the name. Skipping inside gzip inflates all before the offset.
    """
    with path.open("rb", buffering=0) as file:
        total = os.fstat(file.fileno()).st_size
        magic = file.read(len(_GZIP_MAGIC))
        if magic == _GZIP_MAGIC:
            file.seek(0)
            yield _GzipSource(path, file, start_offset), total
        else:
            file.seek(start_offset)
            yield _PlainSource(file, start_offset), total


class _RawFile(Protocol):
    def read(self, size: int, /) -> bytes | None: ...


class _PlainSource:
    def __init__(self, file: _RawFile, start_offset: int) -> None:
        self._file = file
        self._position = start_offset

    @property
    def bytes_read(self) -> int:
        return self._position

    def read(self) -> bytes:
        data = self._file.read(CHUNK_BYTES) or b""
        self._position += len(data)
        return data


class _GzipSource:
    """Inflates member after member in bounded pieces, so that a small file cannot fill the memory."""

    def __init__(self, path: Path, file: _RawFile, start_offset: int) -> None:
        self._path = path
        self._file = file
        self._inflater = zlib.decompressobj(_GZIP_WINDOW)
        self._pending = b""
        self._consumed = 0
        self._offset = 0
        self._skip = start_offset
        self._is_done = False

    @property
    def bytes_read(self) -> int:
        return self._consumed - len(self._pending)

    def read(self) -> bytes:
        while data := self._inflate():
            self._offset += len(data)
            if self._offset > self._skip:
                fresh = self._offset - self._skip
                self._skip = self._offset
                return data[-fresh:]
        return b""

    def _inflate(self) -> bytes:
        while not self._is_done:
            if not self._pending:
                self._pending = self._file.read(CHUNK_BYTES) or b""
                self._consumed += len(self._pending)
            if self._inflater.eof and not self._start_member():
                continue
            if not self._pending and not self._inflater.unconsumed_tail:
                raise MailboxFileError(self._path, self._offset, "is cut off")
            try:
                data = self._inflater.decompress(self._pending, CHUNK_BYTES)
            except zlib.error as error:
                raise MailboxFileError(self._path, self._offset, f"is damaged ({error})") from error
            self._pending = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            if data:
                return data
        return b""

    def _start_member(self) -> bool:
        """Begin the next gzip member; False when more has to be read first or the file is over."""
        # Tape blocks and some uploaders pad with zeros, which is no member.
        self._pending = self._pending.lstrip(b"\0")
        if not self._pending:
            extra = self._file.read(CHUNK_BYTES) or b""
            self._consumed += len(extra)
            self._pending = extra
            self._is_done = not extra
            return False
        self._inflater = zlib.decompressobj(_GZIP_WINDOW)
        return True
