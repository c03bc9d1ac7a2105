"""The exit codes by which a child of the zygote tells its end. The code it ran can forge them, and gains nothing by it.

That is why 0 is not among them: code that leaves by `os._exit(0)` has not run to its end.
"""

from typing import Final

DONE: Final = 113
"""It ran to its end."""
RAISED: Final = 114
"""An exception ended it; the traceback is on standard error."""
MEMORY: Final = 115
"""It asked for more memory than it may have."""
UNCONFINED: Final = 116
"""The confinement could not be applied, so nothing was run."""
