"""Whose request it is: the client behind the proxies that are trusted. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from headrace.errors import ConfigurationError

Network = IPv4Network | IPv6Network


def networks(given: Sequence[str]) -> tuple[Network, ...]:
    """The networks of trusted proxies, given as `10.0.0.0/8` or single addresses. Raises ConfigurationError."""
    try:
        return tuple(ip_network(one) for one in given)
    except ValueError as error:
        raise ConfigurationError(f"trusted_proxies must be addresses or networks like '10.0.0.0/8': {error}") from error


def client_address(peer: str | None, forwarded: str | None, trusted: Sequence[Network]) -> str | None:
    """The address of who sent a request: the peer, or where that is a trusted proxy, who it says it is for.

    `forwarded` is X-Forwarded-For, to which each proxy adds whom it was asked by. It is read from its end, and only as
    far as those who wrote it are trusted: what a client writes there itself stands before that and is not believed.
    """
    if peer is None or not _is_within(peer, trusted):
        return peer
    found = peer
    for entry in reversed((forwarded or "").split(",")):
        address = _address(entry.strip())
        if address is None:
            break
        found = str(address)
        if not _is_within(found, trusted):
            break
    return found


def _is_within(text: str, trusted: Sequence[Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    # As a socket that takes both kinds tells an IPv4 client.
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
