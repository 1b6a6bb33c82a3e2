"""The event of the soak and the read model made of it: declared by its workers, and by who asks for rebuilds."""

import msgspec

from headrace import Headrace, StoredEvent, event


@event("soak.written")
class Written(msgspec.Struct, frozen=True):
    number: int


class Soaked(msgspec.Struct, frozen=True):
    """What a stream comes to; `is_whole` while its versions have come one after the other."""

    count: int = 0
    total: int = 0
    last_version: int = 0
    is_whole: bool = True


def declare(app: Headrace) -> None:
    app.register(Written)

    @app.projection("soaked", Written, row=Soaked, lanes=3, attempts=None, rebuild_size=200)
    def soaked(row: Soaked, one: StoredEvent) -> Soaked:
        version = one.stream_version or 0
        return Soaked(
            row.count + 1, row.total + one.data.number, version, row.is_whole and version == row.last_version + 1
        )
