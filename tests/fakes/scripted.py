"""A fake chat model that follows a script: it says what it is told to and remembers what it was asked."""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

Line = str | AIMessage | Exception
"""What it says, or what it raises instead; a whole message is given as it is."""
Script = Sequence[Line] | Callable[[list[BaseMessage]], Line]
"""Lines to say one after the other, or a function from what it was asked to what it says."""


class ScriptedChatModel(BaseChatModel):
    """Answers from a script; a word is a token. A request beyond the end of a list is an AssertionError."""

    script: Any
    """A `Script`."""
    max_tokens: int | None = None
    temperature: float | None = 0.0

    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _options: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    def __init__(self, script: Script, **fields: Any) -> None:
        super().__init__(script=script, **fields)

    @property
    def seen(self) -> list[list[BaseMessage]]:
        """Every request, in order."""
        return self._seen

    @property
    def options(self) -> list[dict[str, Any]]:
        """The keyword arguments of every request."""
        return self._options

    @property
    def prompts(self) -> list[str]:
        """The text of every request: all its messages, system message included."""
        return ["\n".join(str(message.content) for message in messages) for messages in self._seen]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        asked = len(self._seen)
        self._seen.append(list(messages))
        self._options.append(kwargs)
        if callable(self.script):
            line = self.script(messages)
        else:
            assert asked < len(self.script), f"the script has {len(self.script)} lines, and more was asked"
            line = self.script[asked]
        if isinstance(line, Exception):
            raise line
        if isinstance(line, AIMessage):
            return ChatResult(generations=[ChatGeneration(message=line)])
        prompt, completion = sum(len(str(m.content).split()) for m in messages), len(line.split())
        usage = UsageMetadata(input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(line, usage_metadata=usage))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, None, **kwargs)
