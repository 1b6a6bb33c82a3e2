"""Which address leads past a pooler: it must be that of the same database."""

import pytest

from headrace.db.address import direct_address

BOTH = {"HEADRACE_DATABASE_URL": "postgresql://pooler/shop", "HEADRACE_DIRECT_DATABASE_URL": "postgresql://server/shop"}


@pytest.mark.parametrize(
    ("direct", "given", "environment", "expected"),
    [
        (None, None, BOTH, "postgresql://server/shop"),
        ("postgresql://mine/shop", None, BOTH, "postgresql://mine/shop"),
        ("postgresql://mine/shop", "postgresql://pooler/other", BOTH, "postgresql://mine/shop"),
        (None, "postgresql://pooler/other", BOTH, None),
        (None, None, {}, None),
        (None, None, {"HEADRACE_DIRECT_DATABASE_URL": ""}, None),
    ],
)
def test_the_environments_address_counts_only_beside_its_own_database(direct, given, environment, expected):
    assert direct_address(direct, given=given, environment=environment) == expected
