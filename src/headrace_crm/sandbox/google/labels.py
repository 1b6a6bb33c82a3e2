"""Labels: the ones every mailbox has, and those of the user."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from headrace_crm.demo.letter import Letter

SYSTEM: Final = (
    "CHAT",
    "SENT",
    "INBOX",
    "IMPORTANT",
    "TRASH",
    "DRAFT",
    "SPAM",
    "CATEGORY_FORUMS",
    "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_SOCIAL",
    "STARRED",
    "UNREAD",
)
HIDDEN: Final = frozenset({"SPAM", "TRASH"})
"""Messages under these are listed only when asked for."""

# Of so many newsletters the third is spam and the sixth is thrown away.
_SHARE: Final = 10
_SPAM: Final = 2
_TRASH: Final = 5


@dataclass(frozen=True, slots=True)
class Label:
    """A label; `id` equals `name` for those of the system and is `Label_<n>` for the user's."""

    id: str
    name: str
    type: Literal["system", "user"]

    def as_json(self) -> dict[str, Any]:
        """As `labels.list` shows it."""
        shown = {"id": self.id, "name": self.name, "type": self.type}
        if self.type == "system":
            shown |= {"messageListVisibility": "hide", "labelListVisibility": "labelHide"}
        return shown


def system_labels() -> dict[str, Label]:
    """The labels of an empty mailbox by id."""
    return {name: Label(name, name, "system") for name in SYSTEM}


def labels_of_letter(letter: Letter, *, number: int, is_own: bool, is_new: bool, list_label: str) -> tuple[str, ...]:  # noqa: PLR0911 - one a sort
    """The ids of the labels of a generated letter; its `number` in its sort varies what is starred or archived.

    A few newsletters are in the spam or the trash, as they are in every mailbox.
    """
    if is_own:
        return ("SENT",)
    unread = ("UNREAD",) if is_new else ()
    match letter.sort:
        case "newsletter" if number % _SHARE == _SPAM:
            return (*unread, "SPAM")
        case "newsletter" if number % _SHARE == _TRASH:
            return (*unread, "TRASH")
        case "newsletter":
            return (*unread, "CATEGORY_PROMOTIONS", "INBOX")
        case "robot":
            return (*unread, "CATEGORY_UPDATES", "INBOX")
        case "list":
            return (*unread, "CATEGORY_FORUMS", list_label)
        case "personal":
            starred = ("STARRED",) if number % 31 == 0 else ()
            return (*unread, *starred, "IMPORTANT", "CATEGORY_PERSONAL", *(() if number % 3 == 0 else ("INBOX",)))
