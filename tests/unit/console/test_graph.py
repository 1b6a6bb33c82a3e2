"""The graph of causes: every node has a place of its own, and causes stand left of what they cause."""

from hypothesis import given
from hypothesis import strategies as st

from headrace.console.graph import HEIGHT, WIDTH, draw


@given(count=st.integers(0, 40), data=st.data())
def test_nodes_never_overlap_and_edges_lead_to_the_right(count: int, data):
    nodes = list(range(count))
    number = st.integers(0, max(0, count - 1))
    edges = data.draw(st.lists(st.tuples(number, number), max_size=60)) if count else []
    drawing = draw(nodes, edges)
    assert set(drawing.places) == set(nodes)
    for node, place in drawing.places.items():
        assert 0 <= place.x <= drawing.width - WIDTH
        assert 0 <= place.y <= drawing.height - HEIGHT
        for other, beside in drawing.places.items():
            is_apart = abs(place.x - beside.x) >= WIDTH or abs(place.y - beside.y) >= HEIGHT
            assert other == node or is_apart
    kept = {(cause, effect) for cause, effect in edges if cause < effect}
    assert len(drawing.paths) == len(kept)
    assert all(drawing.places[cause].x + WIDTH < drawing.places[effect].x for cause, effect in kept)


def test_a_chain_stands_in_one_row_and_what_is_unknown_is_left_out():
    drawing = draw(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "gone"), ("c", "a"), ("b", "c")])
    assert len({place.y for place in drawing.places.values()}) == 1
    assert len(drawing.paths) == 2
