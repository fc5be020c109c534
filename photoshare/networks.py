"""Name the network of a client, by which guests are told apart, and know the trusted proxies."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

PREFIX_BITS = 64  # of IPv6: what one household or phone gets, 2**64 addresses (RFC 6177)
MAPPED_BITS = 96  # of an IPv6 address that stand before an IPv4 address in it (RFC 4291, 2.5.5.2)
MAX_NAME = 45  # characters: the longest address; what a proxy passes on may be anything
RESOLVE_EVERY_S = 15.0  # a container that was made anew is trusted this late
FIRST_RESOLVE_S = 3.0  # how long a start waits for it; a dead name server takes longer

log = logging.getLogger(__name__)


def network_of(address: str | None) -> str:
    """Name the network of an address: IPv4 as it is, IPv6 by its first 64 bits.

    An IPv4 address in IPv6 notation counts as the IPv4 address. Anything else (a proxy may pass on
    any text) is its own network, shortened.
    """
    text = address or ""
    try:
        parsed = _parsed(text)
    except ValueError:
        return text[:MAX_NAME]
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    host_bits = ipaddress.IPV6LENGTH - PREFIX_BITS
    return f"{IPv6Address(int(parsed) >> host_bits << host_bits)}/{PREFIX_BITS}"


def _parsed(address: str) -> IPv4Address | IPv6Address:
    """Read an address; IPv4 in IPv6 notation (as a listener on ``::`` sees it) becomes IPv4.

    The name of an interface (``%eth0``), which only this machine knows, is left out.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed


def resolve(name: str) -> frozenset[str]:
    """Look up the addresses of a host name.

    Raises
    ------
    OSError
        If it has none, or can't be looked up.
    """
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # longer than a name can be
        raise OSError(str(error)) from error
    return frozenset(str(address[0]) for *_, address in found)


class TrustedProxies:
    """Decides which peers are trusted: those of addresses, networks and names in a list.

    A name is looked up by `refresh`, time and again, since a container has another address
    whenever it is made anew. While it can't be looked up, nobody is trusted by it.

    Parameters
    ----------
    setting : str
        `photoshare.config.Settings.trusted_proxy`.
    """

    def __init__(self, setting: str = "") -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        self.names: list[str] = []
        for entry in filter(None, setting.split(", ")):
            try:
                self._networks.append(_unmapped(ipaddress.ip_network(entry)))
            except ValueError:
                self.names.append(entry)
        self._found: dict[str, frozenset[str]] = {}  # addresses by name
        self._failing: set[str] = set()  # names; each failure is logged once
        self._addresses: frozenset[IPv4Address | IPv6Address] = frozenset()  # of all names

    def trusts(self, peer: str) -> bool:
        """Whether the other end of a connection is a trusted proxy; costs no lookup."""
        try:
            address = _parsed(peer)
        except ValueError:
            return False
        return address in self._addresses or any(address in network for network in self._networks)

    def keep_fresh(self, stopping: threading.Event) -> None:
        """Look up the names now and, in a thread of its own, time and again until the stop."""
        if not self.names:
            return
        is_first = threading.Event()

        def watch() -> None:
            while not stopping.is_set():
                self.refresh()
                is_first.set()
                stopping.wait(RESOLVE_EVERY_S)

        threading.Thread(target=watch, name="proxy-names", daemon=True).start()
        is_first.wait(FIRST_RESOLVE_S)

    def refresh(self) -> None:
        """Look up every name; log what has changed."""
        for name in self.names:
            try:
                found = resolve(name)
            except OSError as error:
                found = frozenset()
                if name not in self._failing:
                    log.warning(
                        "The trusted proxy %s can't be found (%s); until it can, "
                        "nobody is trusted by that name.",
                        name,
                        error.strerror or error,
                    )
                self._failing.add(name)
            else:
                if name in self._failing:
                    log.info("The trusted proxy %s has been found.", name)
                self._failing.discard(name)
            self._found[name] = found
        self._addresses = frozenset(map(_parsed, frozenset().union(*self._found.values())))


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Turn a network of IPv4 addresses in IPv6 notation into one of IPv4."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen <= MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - MAPPED_BITS))
