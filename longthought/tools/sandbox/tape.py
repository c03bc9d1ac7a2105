"""A fixed piece of memory that takes what a run prints, and is wiped: the next run is a fork of whoever holds it.

Bytes go from the pipe into it, and out of it to the host, without a copy on the way that could linger.
"""

import os


class Tape:
    """Collects from pipes up to a limit."""

    def __init__(self, size: int) -> None:
        """Take so many bytes of memory."""
        self._memory = bytearray(size)
        self.used = 0

    def __len__(self) -> int:
        """Return the size in bytes."""
        return len(self._memory)

    def collect(self, descriptor: int, limit: int) -> bool | None:
        """Read what is there: True if something came, False at the end, None if it is more than the limit."""
        room = min(limit, len(self._memory)) - self.used
        if room <= 0:
            return None if os.read(descriptor, 1) else False
        with memoryview(self._memory) as view, view[self.used : self.used + room] as part:
            found = os.readv(descriptor, [part])
        self.used += found
        return found > 0

    def written(self) -> memoryview:
        """Return what was collected; release it before the tape is wiped."""
        return memoryview(self._memory)[: self.used]

    def wipe(self) -> None:
        """Forget it all."""
        self._memory[: self.used] = bytes(self.used)
        self.used = 0
