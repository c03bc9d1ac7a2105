"""Exit codes by which a child of the zygote reports how it ended.

The code that it ran can forge them, and gains nothing by it. 0 is not among them, because code that leaves by
`os._exit(0)` has not run to its end.
"""

from typing import Final

DONE: Final = 113
"""The code ran to its end."""
RAISED: Final = 114
"""An exception ended the code; the traceback is on standard error."""
MEMORY: Final = 115
"""The code asked for more memory than it may have."""
UNCONFINED: Final = 116
"""The confinement could not be applied, so nothing was run."""
