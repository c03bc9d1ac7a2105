"""Adapters that a running server takes while it serves, so that a loop can train what the server plays.

vLLM does so with `--enable-lora` and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True in its environment.
"""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from longthought.errors import OutageError

SECONDS: Final = 600
"""How long a server may take to load an adapter."""


def load(adapter: Path, name: str, base_url: str) -> None:
    """Have a server load an adapter under a name; one that it has under that name is fine.

    Raises:
        OutageError: if the server can't be reached, or doesn't take it.

    """
    body = json.dumps({"lora_name": name, "lora_path": str(adapter.absolute())}).encode()
    url = f"{base_url.rstrip('/')}/load_lora_adapter"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):
            return
    except urllib.error.HTTPError as error:
        said = error.read().decode(errors="replace")
        if "already" in said:
            return
        raise OutageError(
            f"{base_url} doesn't take the adapter {adapter} ({error.code}: {said[:200]}); serve the base with vLLM, "
            "--enable-lora, and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True in its environment"
        ) from error
    except OSError as error:
        raise OutageError(f"{base_url} can't be reached ({error}); start the server, and run this again") from error
