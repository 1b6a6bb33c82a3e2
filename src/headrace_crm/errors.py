"""The error tree of the CRM.

    CrmError
    ├── OwnerError               the owner's addresses cannot be used as given
    ├── ImportFileError          a file cannot be imported
    ├── MailboxFileError         a file is damaged from some byte on
    ├── ImportNotFoundError      no import has this id
    ├── ImportEndedError         an import, or a job that came of it, has failed
    ├── OvertakenError           another attempt at the same import has gone on
    ├── WorkersLostError         every worker process ended before the work did
    ├── ContactNotFoundError     nobody is called so
    ├── AmbiguousContactError    several people fit
    ├── ProviderUnavailableError a provider of enrichment gave no answer
    ├── EmbedderError            a model for vectors cannot be loaded or asked
    ├── LlmError                 a language model could not be asked, refused, or said what cannot be used
    │   ├── LlmUnavailableError  no answer, or too much at once
    │   └── LlmMisconfiguredError its address, key or model is wrong
    ├── PersonNotFoundError      nobody fits the person a search was restricted to
    ├── JoiningError             contacts cannot be merged or split as asked
    ├── TagError                 something given is no tag
    ├── UnknownFieldError        a profile has no such field
    ├── NotDealtInError          a page of a timeline begins at somebody else's message
    ├── ActorRefusedError        who came with a token may look and not act
    ├── InsightNotFoundError     no insight has this id
    ├── NotAnAddressError        what is to be erased is no address
    ├── OwnerErasedError         who is to be erased owns mail here
    ├── ErasureNotFoundError     no erasure has this id
    ├── OAuthError               the provider refused, or cannot be reached
    ├── LinkError                a sign-in did not end in a linked mailbox
    ├── ProviderError            a mailbox on a server could not be asked
    │   ├── LimitedError         too much at once
    │   ├── UnavailableError     no answer, or a broken one
    │   ├── HistoryExpiredError  what changed since is forgotten
    │   ├── PageExpiredError     a listing must begin anew
    │   └── RefusedError         it will not, ever
    ├── NotMirroredError         the first sync of a mailbox has not begun
    ├── KeysUnavailableError     the keys that somebody signs with cannot be had
    ├── IntakeFullError          too many pushes wait to be stored
    ├── AddressTakenError        the address to serve on cannot be had
    └── AccountError             an account cannot be used
        ├── AccountNotFoundError no account has this id or address
        ├── NeedsSignInError     its tokens were refused for good
        └── UnlinkedError        it was unlinked

Each stands beside what raises it; a command ends with its message and exit code 1 (3 where something
named does not exist).
"""

from headrace import HeadraceError


class CrmError(HeadraceError):
    """The base of every error the CRM raises on purpose."""
