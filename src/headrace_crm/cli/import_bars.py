"""Progress of an import on the terminal."""

from headrace_crm.cli.bars import Bars
from headrace_crm.mail.importing import ImportState
from headrace_crm.scores.settling import Backlog


class ImportBars(Bars):
    """Shows reading, storing, finding people and scoring, as they go on."""

    def show(self, state: ImportState, left: Backlog) -> None:
        """Takes in how far the import is."""
        if state.phase == "waiting":
            self.line("waiting for a worker", 0, 1, "")
            return
        self.line("waiting for a worker", 1, 1, "")
        self.line("reading", state.bytes_read, state.bytes_total, f"{state.read_count} messages")
        if state.batch_count:
            self.line(
                "storing",
                state.batches_done,
                max(state.batch_count, 1),
                f"{state.batches_done}/{state.batch_count} batches, {state.new_count} new",
            )
        if state.is_stored:
            self.follow(left)
