import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.relay.subject import subject_of


@pytest.mark.parametrize(
    ("event_type", "subject"),
    [
        ("contact.created", "p.contact.created"),
        ("a/b:c-d_e", "p.a/b:c-d_e"),
        ("a..b", "p.a._.b"),
        ("a.", "p.a._"),
        ("a *>\n", "p.a____"),
    ],
)
def test_a_type_becomes_parts_of_a_subject(event_type, subject):
    assert subject_of("p", event_type) == subject


@given(st.text(min_size=1))
def test_whatever_the_type_the_subject_is_one(event_type):
    assert re.fullmatch(r"p(\.[^\s.*>]+)+", subject_of("p", event_type))
