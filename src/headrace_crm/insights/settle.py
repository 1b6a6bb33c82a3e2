"""What becomes of the insights about a person when rules have looked again: pure.

open --accept--> accepted      open --dismiss--> dismissed      open --fact is over--> expired
accepted, dismissed, expired --the fact rests on something new--> open, and told again
expired --the same fact holds again--> open, and not told again
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headrace_crm.insights.model import Finding, State


@dataclass(frozen=True, slots=True)
class Known:
    """An insight there is: its state, and what it rested on when it was last found."""

    state: State
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Settled:
    """`told` are open and news, `kept` are open and none, `over` are the keys of open ones that hold no more.

    What was accepted or dismissed, and rests on what it rested on, is in neither.
    """

    told: tuple[Finding, ...]
    kept: tuple[Finding, ...]
    over: tuple[str, ...]


def settle(known: Mapping[str, Known], found: Iterable[Finding]) -> Settled:
    """Compares what is found with what is known, both by key."""
    told: list[Finding] = []
    kept: list[Finding] = []
    holding: set[str] = set()
    for finding in found:
        holding.add(finding.key)
        before = known.get(finding.key)
        if before is None:
            told.append(finding)
        elif before.state in {"accepted", "dismissed"} and before.fingerprint == finding.fingerprint:
            continue
        elif before.state == "open" or before.fingerprint == finding.fingerprint:
            # More of what is open already: its words and numbers change, and nobody is told twice.
            kept.append(finding)
        else:
            told.append(finding)
    over = sorted(key for key, each in known.items() if each.state == "open" and key not in holding)
    return Settled(tuple(told), tuple(kept), tuple(over))
