"""Limit how long each connection may take, and how many one network may have.

waitress itself closes only silent connections, and not even those of a reader that has stopped.
Here every part of a request has a time limit, and when there are too many connections, the one
waiting longest without a request makes way for a new one. An attacker can hold connections, but not
keep out a browser, which sends its request at once. Behind a trusted proxy all guests have its
address, and the proxy limits how many each may have (docs/deployment.md).
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.proxy_headers import proxy_headers_middleware
from waitress.server import TcpWSGIServer

from photoshare.networks import TrustedProxies, network_of
from photoshare.serving.patient_files import is_ready
from photoshare.serving.request_bodies import Parser, Task

HEADERS_S = 20  # from the first byte of a request, or from the opening of the connection
BODY_S, BODY_BYTES = 60, 16_000  # this many bytes of a body have to arrive within this many seconds
IDLE_S = 60  # after an answer; browsers silently open another connection
# How long a reader may pause. At 10 kB/s the buffers of a system and a proxy take five minutes to
# drain, during which nothing more is read from us.
STALLED_S = 600
MOST_OF_NETWORK = 300  # a whole party shares one address; a browser keeps up to six open
CHECK_EVERY_S = 1
# What a trusted proxy tells of a guest; PhotoShare believes all four (docs/deployment.md).
PROXY_HEADERS = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"}
OTHER_SOCKETS = 8  # besides the connections: the listening port, the pipe that wakes the loop

WsgiApp = Callable[..., Iterable[bytes]]


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """One connection.

    It is in one of five phases: idle without a request, receiving headers, receiving the
    body, being handled by a thread, or sending the answer.
    """

    parser_class, task_class = Parser, Task

    def __init__(
        self, server: Server, connection: socket.socket, address: Any, *rest: Any, **more: Any
    ) -> None:
        self.is_new = True  # it has not had an answer yet
        self.since = time.time()  # when it was opened or answered, or made progress with a body
        self._began: float | None = None  # when the first byte of its request arrived
        self._received_before = 0  # bytes of the body at that time
        self.network = network_of(address[0])
        self.is_of_proxy = server.proxies.trusts(address[0])
        super().__init__(server, connection, address, *rest, **more)
        server.admit(self)

    @property
    def is_waiting(self) -> bool:
        """Whether we are waiting for a request or for the rest of its headers."""
        return not (self.requests or self.total_outbufs_len or self._has_headers)

    def is_late(self, now: float) -> bool:
        """Whether it has taken too long; records the progress of a body."""
        if self.requests:
            return False
        if self.total_outbufs_len:
            return now - float(self.last_activity) > STALLED_S
        if self.is_waiting:
            idle_s = HEADERS_S if self.is_new else IDLE_S
            if self._began is None:
                return now - self.since > idle_s
            # Both: each empty line begins a request and ends it.
            return now - self._began > HEADERS_S or now - self.since > idle_s + HEADERS_S
        received = self.request.body_bytes_received
        if received - self._received_before >= BODY_BYTES:
            self.since, self._received_before = now, received
        return now - self.since > BODY_S

    def received(self, data: bytes) -> bool:
        """Accept received bytes, and record which phase began with them; called by waitress."""
        had_headers = self._has_headers
        result = super().received(data)
        if self._has_headers and not had_headers:
            self.since, self._received_before = time.time(), 0
        if self.request is None:
            self._began = None
        elif self._began is None:
            self._began = time.time()
        return bool(result)

    def service(self) -> None:
        """Answer a request, in a thread; called by waitress.

        Requests sent before the answer (which no browser does) are dropped and the connection is
        closed, as RFC 9112 (9.3.2) allows: otherwise the thread would wait for a client that does
        not read.
        """
        with self.requests_lock:
            if len(self.requests) > 1:
                self.requests[0].headers["CONNECTION"] = "close"
                for dropped in self.requests[1:]:
                    dropped.close()
                del self.requests[1:]
        super().service()
        self.is_new, self.since = False, time.time()

    def writable(self) -> bool:
        """Whether there is something to send now; called by waitress in every round of its loop."""
        if self.will_close or self.close_when_flushed or not self.total_outbufs_len:
            return bool(super().writable())
        return is_ready(self.outbufs[0])

    def break_off(self) -> None:
        """End the connection, whether or not the other side reads.

        Not by closing its socket here: waitress may be about to ask the system about this file
        descriptor. The next connection would get the same one, and the answer that it is closed.
        """
        self.will_close = True
        with contextlib.suppress(OSError):  # the other side was faster
            self.socket.shutdown(socket.SHUT_RDWR)

    def handle_write(self) -> None:
        """Send as much as the other side accepts; called by waitress."""
        super().handle_write()
        if not self.total_outbufs_len:
            self.since = time.time()

    @property
    def _has_headers(self) -> bool:
        return self.request is not None and bool(self.request.headers_finished)


class Server(TcpWSGIServer):  # type: ignore[misc]
    """waitress with limits on its connections.

    Parameters
    ----------
    app : callable
        The WSGI application.
    listener : socket
        Already bound.
    tasks : object
        Receives connections with complete requests: a dispatcher of waitress, or similar.
    connections : dict
        Filled with all sockets, for `waitress.wasyncore.loop`.
    most : int
        How many connections may be open.
    proxies : TrustedProxies
        They may have more than `MOST_OF_NETWORK` of them, and say who their guests are.
    logs_access : bool
        Whether every answer is logged.
    **options
        For waitress.
    """

    channel_class = Channel

    def __init__(
        self,
        app: WsgiApp,
        listener: socket.socket,
        tasks: object,
        connections: dict[int, Any],
        *,
        most: int,
        proxies: TrustedProxies,
        logs_access: bool = False,
        options: Mapping[str, object],
    ) -> None:
        self._most = most
        self._late: set[Channel] = set()
        self.proxies, self.logs_access = proxies, logs_access
        adjustments = Adjustments(
            sockets=[listener],
            connection_limit=most + OTHER_SOCKETS,
            cleanup_interval=CHECK_EVERY_S,
            clear_untrusted_proxy_headers=False,  # done here, since waitress knows one address only
            **options,
        )
        super().__init__(
            _behind_proxies(app, proxies),
            connections,
            _sock=listener,
            dispatcher=tasks,
            adj=adjustments,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )

    def admit(self, new: Channel) -> None:
        """Make room for a connection; if all others are busy, close the new one."""
        rivals = list(self.active_channels.values())
        siblings = [channel for channel in rivals if channel.network == new.network]
        if len(siblings) > MOST_OF_NETWORK and not new.is_of_proxy:
            rivals = siblings
        elif len(rivals) <= self._most:
            return
        waiting = [channel for channel in rivals if channel.is_waiting]
        min(waiting, key=lambda channel: channel.since).handle_close()

    def maintenance(self, now: float) -> None:
        """Close connections that have taken too long; called by waitress.

        Only those that were late the last time, too: after a pause of our own (a busy machine, a
        suspended laptop) what has arrived meanwhile is read first.
        """
        late = {channel for channel in self.active_channels.values() if channel.is_late(now)}
        for channel in late & self._late:
            channel.break_off()
        self._late = late - self._late


def _behind_proxies(app: WsgiApp, proxies: TrustedProxies) -> WsgiApp:
    """Believe what trusted proxies say of their guests, and drop what others say."""
    believing: WsgiApp = proxy_headers_middleware(
        app, trusted_proxy="*", trusted_proxy_headers=PROXY_HEADERS
    )
    doubting: WsgiApp = proxy_headers_middleware(app)

    def choose(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_trusted = proxies.trusts(environ["REMOTE_ADDR"])
        return (believing if is_trusted else doubting)(environ, start_response)

    return choose
