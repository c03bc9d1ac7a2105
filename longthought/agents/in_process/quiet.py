"""Load models without noise: the bars and warnings of libraries are off meanwhile, and a log says what is loaded.

Who shows the log is up to the caller; the command line does, where a person waits. Importing this file does not import
torch.
"""

import logging
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

LOG: Final = logging.getLogger("longthought.loading")
"""Gets `loading NAME` and `loaded NAME`, at the level INFO."""
_switches: Final = threading.Lock()
"""Held while the switches of the libraries, which all threads share, are off."""


@contextmanager
def quietly(name: str) -> Generator[None]:
    """Keep libraries silent while a model is loaded, then restore what they say.

    Args:
        name: The model's name, for the log.

    """
    LOG.info("loading %s", name)
    try:
        with _switches, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from transformers.utils import logging as library

            says: Any = library  # its types are partial
            shown, level = says.is_progress_bar_enabled(), says.get_verbosity()
            says.disable_progress_bar()
            says.set_verbosity_error()
            try:
                yield
            finally:
                says.set_verbosity(level)
                if shown:
                    says.enable_progress_bar()
    finally:
        LOG.info("loaded %s", name)
