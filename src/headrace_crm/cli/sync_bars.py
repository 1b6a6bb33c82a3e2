"""Progress of the mirroring of a mailbox on the terminal."""

from dataclasses import dataclass

from headrace_crm.cli.bars import Bars
from headrace_crm.mail.importing import ImportState
from headrace_crm.mail.sync.steering import Standing
from headrace_crm.scores.settling import Backlog


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncLook:
    """How far a mailbox is: the reading of its newest mail, the mirror as a whole, and what is left of what follows."""

    newest: ImportState
    standing: Standing
    left: Backlog

    @property
    def is_done(self) -> bool:
        """True once all mail is stored, pushes are asked for, and nothing is left to follow from it."""
        standing = self.standing
        return (
            standing.listing == "done"
            and not standing.waiting
            and standing.watch_expires_at is not None
            and self.left.is_settled
        )


class SyncBars(Bars):
    """Shows the newest mail, then all of it, then what follows."""

    def show(self, look: SyncLook) -> None:
        """Takes in how far the mailbox is."""
        newest, standing = look.newest, look.standing
        if newest.phase == "waiting":
            self.line("waiting for a worker", 0, 1, "")
            return
        self.line("waiting for a worker", 1, 1, "")
        self.line("mirroring the newest mail", newest.batches_done, newest.batch_count, f"{newest.read_count} messages")
        if newest.is_stored:
            known = standing.stored + standing.waiting
            self.line("mirroring all older mail", standing.stored, known, f"{standing.stored} of {known} listed")
            if standing.listing == "done" and not standing.waiting:
                self.follow(look.left)
