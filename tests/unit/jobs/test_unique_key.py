from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace import ConfigurationError, Unique
from headrace.jobs.unique_key import resolve

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


def text(value: object) -> str:
    return msgspec.json.encode(value).decode()


@given(one=values, other=values)
def test_all_args_make_equal_keys_where_they_are_equal_and_others_where_not(one, other):
    keys = [resolve(Unique(), text(value)).key for value in (one, other)]
    assert (keys[0] == keys[1]) == (text(_sorted(one)) == text(_sorted(other)))


def _sorted(value: object) -> object:
    return msgspec.json.decode(msgspec.json.encode(value, order="sorted"))


def test_chosen_args_alone_make_the_key():
    unique = Unique(by=("user", "folder"))
    keys = [
        resolve(unique, text({"user": user, "folder": 1, "page": page, "x": []}))
        for user, page in [("a", 1), ("a", 2), ("b", 1)]
    ]
    assert keys[0] == keys[1] != keys[2]


def test_a_long_key_is_hashed_and_still_tells_apart():
    keys = {resolve(Unique(), text("n" * 5_000 + end)).key for end in "abc"}
    assert len(keys) == 3
    assert all(key is not None and len(key) < 100 for key in keys)


@pytest.mark.parametrize(
    ("unique", "args", "said"),
    [
        (Unique(by=("user",)), "[1]", "no JSON object"),
        (
            Unique(by=("usr", "page")),
            '{"user": 1, "page": 2}',
            "have; they have 'user', 'page'",
        ),
        (Unique("k", by=("user",)), "{}", "not both"),
        (Unique("k", on_conflict="overwrite"), "{}", "skip, replace or debounce, got 'overwrite'"),
        (Unique("k", window=timedelta(0)), "{}", "window"),
        (Unique("k", window=timedelta(days=40_000)), "{}", "window"),
        (Unique("k", max_wait=timedelta(days=40_000)), "{}", "max_wait"),
    ],
)
def test_what_cannot_be_meant_is_refused(unique, args, said):
    with pytest.raises(ConfigurationError, match=said):
        resolve(unique, args)
