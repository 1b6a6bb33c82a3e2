"""The streams of an import: how many events each has got, and which version it is at."""

from headrace.events import row_format
from headrace.events.event import NewEvent, Stream


class Slot:
    """A stream: its name as fields of a row, how many events of the import it has got, the version it is at."""

    __slots__ = ("count", "fields", "stream", "tenant_id", "version")

    def __init__(self, tenant_id: str, stream: Stream) -> None:
        self.tenant_id = tenant_id
        self.stream = stream
        self.fields = row_format.text(stream.aggregate_type) + row_format.text(stream.aggregate_id)
        self.count = 0
        self.version = 0


class Slots:
    """One slot for each stream of each tenant."""

    def __init__(self) -> None:
        self._by_tenant: dict[str, dict[Stream, Slot]] = {}

    def of_tenant(self, tenant_id: str) -> dict[Stream, Slot]:
        """Those of a tenant, to look up and to add to; the same ones each time."""
        return self._by_tenant.setdefault(tenant_id, {})

    def counted(self, event: NewEvent) -> Slot | None:
        """The slot of an event's stream, the event counted; None outside any stream."""
        if event.stream is None:
            return None
        slots = self.of_tenant(event.tenant_id)
        slot = slots.get(event.stream)
        if slot is None:
            slot = slots[event.stream] = Slot(event.tenant_id, event.stream)
        slot.count += 1
        return slot

    def taken(self) -> "Slots":
        """All there are, in slots of their own; none is left here."""
        taken = Slots()
        for tenant_id, slots in self._by_tenant.items():
            taken._by_tenant[tenant_id] = dict(slots)
            slots.clear()
        return taken

    def __len__(self) -> int:
        return sum(len(slots) for slots in self._by_tenant.values())

    def ordered(self) -> list[Slot]:
        """Those that have got events, in the order in which everybody locks streams."""
        found = [slot for slots in self._by_tenant.values() for slot in slots.values() if slot.count]
        found.sort(key=lambda slot: (slot.tenant_id, slot.stream.aggregate_type, slot.stream.aggregate_id))
        return found
