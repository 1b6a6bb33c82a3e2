"""Builds of projections as the command line tells them."""

from datetime import timedelta

from headrace.projections.survey import BuildDetail


def facts(one: BuildDetail) -> dict[str, object]:
    """One build as JSON-ready values."""
    eta = None if one.eta is None else one.eta.total_seconds()
    fields = {name: getattr(one, name) for name in BuildDetail.__slots__}
    return {**fields, "behind": one.behind, "progress": one.progress, "eta_seconds": eta}


def span(eta: timedelta | None) -> str:
    """A duration to the second; empty for none."""
    return "" if eta is None else str(timedelta(seconds=round(eta.total_seconds())))


def remarks(one: BuildDetail) -> str:
    """What is out of the ordinary with a build; empty where nothing is."""
    found = [
        "wanted" if one.is_wanted else "",
        f"paused: {one.pause_reason or 'no reason given'}" if one.paused_at else "",
        f"{one.parked_streams} streams parked" if one.parked_streams else "",
        one.last_error or "",
    ]
    return "; ".join(filter(None, found))


def verdict(one: BuildDetail) -> str:
    """What verifying a build has found; empty where it has not been verified."""
    found = one.verdict
    if found is None:
        return ""
    parts = [f"{found['how']} at position {found['position']}"]
    if found["stream_count"]:
        parts.append(f"{found['stream_count']} streams")
    if found["parked_count"]:
        parts.append(f"{found['parked_count']} streams are parked")
    for table, rows in found["tables"].items():
        parts.append(f"{table} has {rows['rows']} rows")
        parts += rows["differences"][:2]
    return "; ".join(parts)
