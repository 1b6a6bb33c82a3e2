"""What tests of processes share."""

from pathlib import Path


def lives(pid: int) -> bool:
    """Whether a process is there and no corpse; one of which a thread is left still has its files open."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return fields[0] != "Z" or int(fields[17]) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False
