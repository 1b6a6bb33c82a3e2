"""Whose address a request is kept with, when proxies stand before the server."""

import pytest

from headrace import ConfigurationError
from headrace.web.sender import client_address, networks

TRUSTED = networks(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),  # a client cannot name another
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),  # nor through a proxy
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.7, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::1", "2001:DB8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("testclient", "198.51.100.7", "testclient"),
        (None, "198.51.100.7", None),
    ],
)
def test_only_what_trusted_proxies_say_is_believed(peer, forwarded, found):
    assert client_address(peer, forwarded, TRUSTED) == found


def test_a_proxy_that_is_no_address_is_refused():
    with pytest.raises(ConfigurationError, match="addresses or networks"):
        networks(["proxy.internal"])
