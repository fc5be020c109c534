"""Run PhotoShare with little patience for slow readers, recording how much it has sent.

Run by the fixtures: ``python impatient.py COUNTER_FILE STALLED_S PORT``.
"""

from __future__ import annotations

import os
import sys

from photoshare import server
from photoshare.serving import connections

COUNTER_BYTES = 8


class CountedChannel(connections.Channel):
    """A connection whose bytes are counted."""

    counter = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    total = 0

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send, and record the sum of all connections."""
        sent = int(super().send(data, do_close=do_close))
        CountedChannel.total += sent
        os.pwrite(self.counter, CountedChannel.total.to_bytes(COUNTER_BYTES, "big"), 0)
        return sent


connections.STALLED_S = int(sys.argv[2])
connections.Server.channel_class = CountedChannel
sys.exit(server.main(sys.argv[3:]))
