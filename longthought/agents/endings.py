"""What ended a reply, and whether what was said until then can be used.

A reply that was cut at a limit is half a reply: half a sentence is no step, and a box in it is no answer. One that a
server withheld says nothing of the agent; one that a server broke off is the server's failure.
"""

from collections.abc import Mapping
from typing import Any, Final

from longthought.agents.dialects.dialect import Unreadable
from longthought.agents.dialects.thinking import without_thinking
from longthought.agents.served.failures import BROKEN_OFF
from longthought.errors import EndpointError
from longthought.trajectories.events import Call

_FIELDS: Final = ("finish_reason", "stop_reason", "done_reason")
"""What a reply's ending is called: by OpenAI's API, Anthropic's and Ollama's."""
_CUT: Final = frozenset(("length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"))
_WITHHELD: Final = frozenset(
    ("content_filter", "safety", "refusal", "recitation", "blocklist", "prohibited_content", "spii", "sensitive")
)

_TOOL: Final = frozenset(("tool_calls", "function_call", "tool_use"))


def finish_reason(metadata: Mapping[str, Any]) -> str | None:
    """Return what ended a reply, in the server's lower-cased word, from a message's `response_metadata`."""
    if metadata.get("refusal"):
        return "refusal"
    said = next((metadata[field] for field in _FIELDS if metadata.get(field)), None)
    return said.lower() if isinstance(said, str) else None


def expect_unbroken(name: str, reason: str | None) -> None:
    """Check that a server has not broken a reply off.

    Raises:
        EndpointError: if it has; the message names the model.

    """
    if reason in BROKEN_OFF:
        raise EndpointError(f"{name}: the server broke a reply off (finish_reason `{reason}`); look at its log")


def unusable(call: Call, limit: str | None) -> Unreadable | None:
    """Return why a reply can't be used for what ended it; None if it can.

    Args:
        call: The reply.
        limit: The setting that limited its length; None if it was the server's own limit.

    """
    if call.finish_reason in _WITHHELD:
        word = f": {call.text.strip()[:200]}" if call.text.strip() and call.finish_reason == "refusal" else ""
        return Unreadable(f"the server withheld it (finish_reason {call.finish_reason}){word}", withheld=True)
    if call.finish_reason in _TOOL and not call.text.strip():
        return Unreadable("it called a tool and said nothing", told="you have no tools to call: write the reply itself")
    if call.finish_reason not in _CUT:
        return None
    doing = "it was still thinking when it was cut off" if _was_thinking(call) else "it was cut off"
    advice = f"raise {limit}" if limit else "that is the server's limit"
    after = f"{doing} after {call.usage.completion:,} tokens"
    return Unreadable(f"{after}; {advice}", told="it was cut off before its end; write a much shorter one")


def _was_thinking(call: Call) -> bool:
    return bool(call.text.strip() or call.thinking) and not without_thinking(call.text).strip()
