"""A fixed buffer that holds the output of a run and is wiped after it, since the next run is a fork of its owner.

Bytes go from the pipe into the buffer and from there to the host, without another copy that could linger.
"""

import os


class Tape:
    """Collects output from pipes up to a limit."""

    def __init__(self, size: int) -> None:
        """Allocate `size` bytes."""
        self._memory = bytearray(size)
        self.used = 0

    def __len__(self) -> int:
        """Return the size in bytes."""
        return len(self._memory)

    def collect(self, descriptor: int, limit: int) -> bool | None:
        """Read what is in a pipe: True if something came, False at its end, None if it exceeds the limit."""
        room = min(limit, len(self._memory)) - self.used
        if room <= 0:
            return None if os.read(descriptor, 1) else False
        with memoryview(self._memory) as view, view[self.used : self.used + room] as part:
            count = os.readv(descriptor, [part])
        self.used += count
        return count > 0

    def written(self) -> memoryview:
        """Return the collected bytes; release the view before the tape is wiped."""
        return memoryview(self._memory)[: self.used]

    def wipe(self) -> None:
        """Overwrite the collected bytes with zeros."""
        self._memory[: self.used] = bytes(self.used)
        self.used = 0
