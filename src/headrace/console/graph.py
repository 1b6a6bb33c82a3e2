"""Where the nodes of a graph of causes stand, and how its edges run. Pure.

Nodes are ranked by the longest way that leads to them; within a rank a few sweeps put each node near the middle of
those it hangs on (Sugiyama, Tagawa and Toda 1981, without dummy nodes: edges over several ranks may pass behind boxes).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

WIDTH, HEIGHT = 208, 50
_ACROSS, _DOWN = 64, 16
_MARGIN = 8
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Place:
    """The left upper corner of a node."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing(Generic[Key]):
    """The places of all nodes, the paths of all edges, and the size of it all, in pixels."""

    places: Mapping[Key, Place]
    paths: tuple[str, ...]
    width: int
    height: int


def draw(nodes: Sequence[Key], edges: Sequence[tuple[Key, Key]]) -> Drawing[Key]:
    """Places nodes given in order of time, by edges from cause to effect; what would close a circle is left out."""
    causes = _causes(nodes, edges)
    ranks = _ranks(nodes, causes)
    columns = _columns(nodes, ranks, causes)
    tallest = max((len(column) for column in columns), default=0)
    places: dict[Key, Place] = {}
    for rank, column in enumerate(columns):
        top = (tallest - len(column)) * (HEIGHT + _DOWN) // 2
        for row, node in enumerate(column):
            places[node] = Place(_MARGIN + rank * (WIDTH + _ACROSS), _MARGIN + top + row * (HEIGHT + _DOWN))
    paths = tuple(_path(places[cause], places[node]) for node in nodes for cause in causes[node])
    return Drawing(
        places,
        paths,
        width=2 * _MARGIN + len(columns) * (WIDTH + _ACROSS) - _ACROSS if columns else 0,
        height=2 * _MARGIN + tallest * (HEIGHT + _DOWN) - _DOWN if columns else 0,
    )


def _causes(nodes: Sequence[Key], edges: Sequence[tuple[Key, Key]]) -> dict[Key, list[Key]]:
    """What each node hangs on: causes that stand before it, each once."""
    place = {node: index for index, node in enumerate(nodes)}
    found: dict[Key, list[Key]] = {node: [] for node in nodes}
    for cause, effect in edges:
        if cause in place and effect in place and place[cause] < place[effect] and cause not in found[effect]:
            found[effect].append(cause)
    return found


def _ranks(nodes: Sequence[Key], causes: Mapping[Key, Sequence[Key]]) -> dict[Key, int]:
    ranks: dict[Key, int] = {}
    for node in nodes:
        ranks[node] = max((ranks[cause] + 1 for cause in causes[node]), default=0)
    return ranks


def _columns(nodes: Sequence[Key], ranks: Mapping[Key, int], causes: Mapping[Key, Sequence[Key]]) -> list[list[Key]]:
    columns: list[list[Key]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    for node in nodes:
        columns[ranks[node]].append(node)
    effects: dict[Key, list[Key]] = {node: [] for node in nodes}
    for node in nodes:
        for cause in causes[node]:
            effects[cause].append(node)
    for sweep in range(_SWEEPS):
        is_forward = sweep % 2 == 0
        order = columns if is_forward else list(reversed(columns))
        neighbours = causes if is_forward else effects
        heights = _heights(columns)
        for column in order:
            middles = {node: _middle(node, neighbours[node], heights) for node in column}
            column.sort(key=middles.__getitem__)
            heights |= _heights(columns)
    return columns


def _heights(columns: Sequence[Sequence[Key]]) -> dict[Key, float]:
    """How far down each node stands, from the middle of its column."""
    return {node: row - (len(column) - 1) / 2 for column in columns for row, node in enumerate(column)}


def _middle(node: Key, neighbours: Sequence[Key], heights: Mapping[Key, float]) -> float:
    if not neighbours:
        return heights[node]
    return sum(heights[one] for one in neighbours) / len(neighbours)


def _path(cause: Place, effect: Place) -> str:
    x, y = cause.x + WIDTH, cause.y + HEIGHT // 2
    to_x, to_y = effect.x, effect.y + HEIGHT // 2
    bend = _ACROSS // 2
    return f"M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"
