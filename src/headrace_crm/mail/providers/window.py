"""The bytes from the start of the current message to as far ahead as was needed."""

from typing import Final

from headrace_crm.mail.providers.byte_source import ByteSource, MailboxFileError

_MAX_LINE_BYTES: Final = 1_024


class Window:
    """Positions count from `offset`, the place in the stream where the current message begins."""

    def __init__(self, source: ByteSource, offset: int) -> None:
        self._source = source
        self._start = 0
        self.data = bytearray()
        self.offset = offset
        self.is_ended = False
        self._damage: MailboxFileError | None = None

    @property
    def start(self) -> int:
        """Index in `data` of the byte at `offset`."""
        return self._start

    @property
    def bytes_read(self) -> int:
        """Progress through the file on disk."""
        return self._source.bytes_read

    def fill(self, count: int) -> bool:
        """Read until `count` bytes follow `offset`; False when the file ends, or cannot be read on, before."""
        while len(self.data) - self._start < count and not self.is_ended:
            piece = self._read()
            if self._start and len(self.data) - self._start < self._start:
                del self.data[: self._start]
                self._start = 0
            self.data += piece
            self.is_ended = not piece
        return len(self.data) - self._start >= count

    def require_whole(self, end: int) -> None:
        """Raises the MailboxFileError met in reading ahead where it may have cut what ends at `end`."""
        if self._damage is not None and end >= len(self):
            raise self._damage

    def _read(self) -> bytes:
        try:
            return self._source.read()
        except MailboxFileError as error:
            # Whole messages that were read before the damage come first.
            self._damage = error
            return b""

    def advance(self, count: int) -> None:
        """Begin the next message `count` bytes on."""
        self._start += count
        self.offset += count

    def slice(self, begin: int, end: int) -> bytes:
        """Bytes counted from `offset`."""
        return bytes(memoryview(self.data)[self._start + begin : self._start + end])

    def line(self, begin: int) -> bytes:
        """The line at `begin` without its end; longer than any separator, it is cut."""
        self.fill(begin + _MAX_LINE_BYTES)
        return self.slice(begin, begin + _MAX_LINE_BYTES).partition(b"\n")[0].removesuffix(b"\r")

    def find(self, needle: bytes, begin: int) -> int:
        """Where `needle` first occurs in what has been read, from `begin` on; -1 when nowhere."""
        found = self.data.find(needle, self._start + begin)
        return -1 if found < 0 else found - self._start

    def __len__(self) -> int:
        return len(self.data) - self._start
