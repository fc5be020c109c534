"""Where this server is: the address it listens on, and those by which phones reach this machine.

Two small files in the data folder remember them: the server writes where it listens, for commands
that print links; the page for hosts writes which of several networks the phones are in.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import logging
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

LISTENING_FILE = "listening.json"  # in the data folder, while a server runs
CHOICE_FILE = "guest-address"  # in the data folder; belongs to this machine, so no backup has it
SOME_ADDRESS = ("192.0.2.1", 9)  # of no machine (RFC 5737): where packets to anywhere would leave
# The request that asks for an interface's IPv4 address: Linux's sockios.h, macOS's sockio.h.
SIOCGIFADDR = {"linux": 0x8915, "darwin": 0xC0206921}
VIRTUAL = ("docker", "br-", "veth", "virbr", "lxc", "cni", "flannel")  # no phone is in these


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server accepts connections."""

    host: str
    port: int

    @property
    def is_for_all(self) -> bool:
        """Whether it answers by every address of the machine."""
        return self.host in ("", "0.0.0.0", "::")  # noqa: S104  # compared, not listened on

    @property
    def url(self) -> str:
        """Return an address by which this machine itself reaches it."""
        host = "127.0.0.1" if self.is_for_all else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def remember_listening(data: Path, listening: Listening) -> None:
    """Write down where the server listens, for the command line; it starts on a full disk too."""
    text = json.dumps({"host": listening.host, "port": listening.port})
    try:
        _replace(data / LISTENING_FILE, text)
    except OSError as error:
        log.warning("Links of the command line lack the server's address: %s", error)


def forget_listening(data: Path) -> None:
    """Remove what `remember_listening` has written, as the server stops."""
    (data / LISTENING_FILE).unlink(missing_ok=True)


def find_listening(data: Path) -> Listening | None:
    """Read where the server listens; None if none has been started here."""
    try:
        return Listening(**json.loads((data / LISTENING_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # not there, or not as we wrote it
        return None


def choose_address(data: Path, address: str) -> None:
    """Remember by which of this machine's addresses phones reach it."""
    _replace(data / CHOICE_FILE, address)


def guest_address(data: Path) -> str | None:
    """Return the machine's address for phones: the chosen one while it has it, else its first."""
    addresses = network_addresses()
    with contextlib.suppress(OSError):
        chosen = (data / CHOICE_FILE).read_text(encoding="utf-8")
        if chosen in addresses:
            return chosen
    return addresses[0] if addresses else None


def guest_url(data: Path) -> str | None:
    """Return the address by which phones reach the running server; None if they cannot."""
    listening = find_listening(data)
    if listening is None:
        return None
    address = guest_address(data) if listening.is_for_all else listening.host
    if address is None or is_local(address):
        return None
    return Listening(address, listening.port).url


def is_exposed(listening: Listening, *, public_url: str, has_proxy: bool) -> bool:
    """Whether others than those at this machine can reach the server, themselves or by a proxy.

    Parameters
    ----------
    listening : Listening
    public_url : str
        As in the settings.
    has_proxy : bool
        Whether the settings name a proxy, which usually stands in front of others.
    """
    if listening.is_for_all or not is_local(listening.host) or has_proxy:
        return True
    return bool(public_url) and not is_local(urlsplit(public_url).hostname or "")


def network_addresses() -> list[str]:
    """List this machine's IPv4 addresses in its networks, the one it uses most first.

    Sends nothing. IPv6 addresses are left out: nobody can type them, and they change daily.
    """
    found = [address for address in (*_outgoing(), *_of_interfaces()) if not is_local(address)]
    return list(dict.fromkeys(found))


def is_local(host: str) -> bool:
    """Whether only this machine reaches a server by this name or address."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")
    return address.is_loopback or address.is_link_local or address.is_unspecified


def _outgoing() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(SOME_ADDRESS)  # of UDP: only chooses the interface
        yield str(probe.getsockname()[0])


def _of_interfaces() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _index, name in socket.if_nameindex():
            if not name.startswith(VIRTUAL):
                with contextlib.suppress(OSError):  # it has no IPv4 address
                    asked = struct.pack("16s48x", name.encode())
                    answer = fcntl.ioctl(asking.fileno(), SIOCGIFADDR[sys.platform], asked)
                    yield socket.inet_ntoa(answer[20:24])


def _replace(path: Path, text: str) -> None:
    """Write a file all or nothing."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
