"""A LangChain chat model that runs in this process, behind an engine.

It turns messages into tokens with the model's own chat template, and tokens into a message with usage, token ids and
logprobs. Importing it does not import torch; the model is loaded with the first request, once for all chat models with
equal settings.
"""

import asyncio
import logging
import threading
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr, model_validator

from longthought.agents.in_process.engine import Engine, SamplingParams
from longthought.agents.in_process.guides import Guides
from longthought.agents.in_process.load import EngineName, expect_packages, load_engine
from longthought.agents.served.context_limit import LEAST
from longthought.errors import ModelError

log = logging.getLogger(__name__)
LONGEST_REPLY: Final = 1024
"""Maximum number of tokens in a reply, unless it is set."""


@dataclass(eq=False)
class _LoadedModel:
    """An engine, its tokenizer, and the open chat models that use it."""

    engine: Engine
    tokenizer: Any
    guides: Guides
    users: set[int] = field(default_factory=set[int])
    """The `id` of each chat model."""


_models: "weakref.WeakValueDictionary[tuple[str, str | None, EngineName, int], _LoadedModel]" = (
    weakref.WeakValueDictionary()
)
_models_lock = threading.Lock()


class InProcessChatModel(BaseChatModel):
    """A model folder as a chat model.

    The options `temperature`, `top_p`, `top_k`, `max_tokens` and `stop` of a request override the fields, and its
    `response_format` holds the reply to a JSON schema; other options are ignored. Without a temperature, sampling is
    the model's own. With the option `otherwise` the model goes on from the last message, or answers these messages if
    its template can't do that.
    """

    continues: ClassVar[bool] = True

    path: str
    """A folder written by `save_pretrained`, or a name on the Hugging Face hub."""
    model: str = ""
    """The name that the model reports; by default `transformers:PATH`."""
    temperature: float | None = 0.0
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    """Maximum number of tokens in a reply; by default `LONGEST_REPLY`; fewer if the context has no more room."""
    stop: Sequence[str] | None = None
    """Strings that end a reply, which doesn't hold them."""
    seed: int = 0
    """Seed of sampling; chat models that share an engine share its random numbers."""
    kind: EngineName = "continuous"
    device: str | None = None

    _loaded: _LoadedModel | None = PrivateAttr(default=None)
    _answers: bool = PrivateAttr(default=False)
    """Whether its template was found unable to go on from a message."""

    @model_validator(mode="after")
    def _name_and_check(self) -> Self:
        if not self.model:
            self.model = f"transformers:{self.path}"
        expect_packages(self.model)  # before anything is played
        return self

    @classmethod
    def over(cls, engine: Engine, tokenizer: Any, name: str, **fields: Any) -> Self:
        """Make a chat model on an engine that is already there, which only it uses.

        Args:
            engine: The engine.
            tokenizer: The transformers tokenizer of its model, with a chat template.
            name: The name that the model reports.
            fields: The other fields: temperature, max_tokens, ….

        """
        made = cls(path="", model=name, **fields)
        made._loaded = _LoadedModel(engine, tokenizer, Guides(name, tokenizer, engine.end, engine.vocabulary))
        return made

    @property
    def _llm_type(self) -> str:
        return "longthought-in-process"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        sampling = {"temperature": self.temperature, "top_p": self.top_p, "top_k": self.top_k}
        return {"model": self.model, **sampling, "seed": self.seed}

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        stop = [string for string in stop or self.stop or () if string]
        loaded = self._loaded or await asyncio.to_thread(self._load)
        prompt = self._prompt(loaded.tokenizer, messages, kwargs.get("otherwise"))
        sampling = SamplingParams(
            max_tokens=self._limit(loaded.engine, prompt, kwargs.get("max_tokens") or self.max_tokens),
            **self._sampling(loaded.engine.usual, kwargs),
        )
        guide = loaded.guides.guide(kwargs.get("response_format"), stop)
        reply = await loaded.engine.generate(prompt, sampling, guide)
        whole: str = loaded.tokenizer.decode(reply.token_ids, skip_special_tokens=True)
        text = _until(whole, stop)
        written = len(reply.token_ids) + (not reply.truncated)  # servers count the end token too
        message = AIMessage(
            content=text,
            usage_metadata=UsageMetadata(
                input_tokens=len(prompt),
                output_tokens=written,
                total_tokens=len(prompt) + written,
                input_token_details=InputTokenDetails(cache_read=reply.cached),
            ),
            response_metadata={
                "model_name": self.model,
                "token_ids": list(reply.token_ids),
                "logprobs": None if reply.logprobs is None else list(reply.logprobs),
                "finish_reason": "length" if reply.truncated and text == whole else "stop",
            },
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with ThreadPoolExecutor(max_workers=1) as thread:  # the caller's thread may already run a loop
            return thread.submit(lambda: asyncio.run(self._agenerate(messages, stop, **kwargs))).result()

    def _sampling(self, usual: SamplingParams, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return how to sample: as the request says, else the fields, else the model itself.

        Where the request or the fields give a temperature, nothing else of the model's own sampling counts: it belongs
        to the model's own temperature.
        """
        given = {name: options.get(name, getattr(self, name)) for name in ("temperature", "top_p", "top_k")}
        own = SamplingParams() if given["temperature"] is not None else usual
        return {name: getattr(own, name) if value is None else value for name, value in given.items()}

    def _limit(self, engine: Engine, prompt: Sequence[int], asked: int | None) -> int:
        """Return the limit of a reply that fits the context.

        Raises:
            ModelError: if the prompt leaves no room for a reply.

        """
        room = engine.context_length - len(prompt)
        if room < min(asked or LEAST, LEAST):
            raise ModelError(
                f"the problem doesn't fit: with the steps so far it takes {len(prompt):,} tokens, and {self.model} has "
                f"a context of {engine.context_length:,}; take a model with a longer context, or play fewer rounds"
            )
        return min(asked or LONGEST_REPLY, room)

    async def aclose(self) -> None:
        """Release the engine; the last chat model to do so closes it. A later request loads it again."""
        loaded, self._loaded = self._loaded, None
        if loaded is None:
            return
        with _models_lock:
            loaded.users.discard(id(self))
            last = not loaded.users
            if last and _models.get(self._key()) is loaded:
                del _models[self._key()]
        if last:
            await loaded.engine.aclose()

    def _key(self) -> tuple[str, str | None, EngineName, int]:
        return self.path, self.device, self.kind, self.seed

    def _load(self) -> _LoadedModel:
        with _models_lock:
            loaded = _models.get(self._key())
            if loaded is None:
                engine, tokenizer = load_engine(
                    self.path, device=self.device, kind=self.kind, seed=self.seed, name=self.model
                )
                if not tokenizer.chat_template:
                    raise ModelError(
                        f"{self.path}: its tokenizer has no chat template; "
                        "set tokenizer.chat_template and save the tokenizer again."
                    )
                guides = Guides(self.model, tokenizer, engine.end, engine.vocabulary)
                _models[self._key()] = loaded = _LoadedModel(engine, tokenizer, guides)
            loaded.users.add(id(self))
            self._loaded = loaded
            return loaded

    def _prompt(
        self, tokenizer: Any, messages: Sequence[BaseMessage], otherwise: Sequence[BaseMessage] | None
    ) -> list[int]:
        if otherwise is None or self._answers:
            return _tokens(tokenizer, otherwise or messages, add_generation_prompt=True)
        try:
            return _tokens(tokenizer, messages, continue_final_message=True)
        except Exception as error:  # a template may raise anything
            self._answers = True
            log.warning("%s: can't go on from a message (%s); it is shown the accepted steps", self.model, error)
            return _tokens(tokenizer, otherwise, add_generation_prompt=True)


def _tokens(tokenizer: Any, messages: Sequence[BaseMessage], **how: bool) -> list[int]:
    chat = convert_to_openai_messages(messages, text_format="string")
    return tokenizer.apply_chat_template(chat, tokenize=True, return_dict=False, **how)


def _until(text: str, stop: Sequence[str]) -> str:
    """Cut a text before the first stop string."""
    return text[: min((at for string in stop if (at := text.find(string)) >= 0), default=len(text))]
