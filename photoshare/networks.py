"""Name the network of a client, by which guests are told apart."""

from __future__ import annotations

import ipaddress

PREFIX_BITS = 64  # of IPv6: what one household or phone gets, 2**64 addresses (RFC 6177)
MAX_NAME = 45  # characters: the longest address; what a proxy passes on may be anything


def network_of(address: str | None) -> str:
    """Name the network of an address: IPv4 as it is, IPv6 by its first 64 bits.

    An IPv4 address in IPv6 notation counts as the IPv4 address. Anything else (a proxy may pass on
    any text) is its own network, shortened.
    """
    text = address or ""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return text[:MAX_NAME]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    host_bits = ipaddress.IPV6LENGTH - PREFIX_BITS
    return f"{ipaddress.IPv6Address(int(parsed) >> host_bits << host_bits)}/{PREFIX_BITS}"
