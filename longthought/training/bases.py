"""The model that a training starts from: a bundled agent, a folder, a name on the hub, an adapter, or a new one.

The tokenizer and the configuration are read first, so that data which the tokenizer can't encode are refused before
the weights are loaded. Nothing here knows trainers.
"""

# pyright: basic

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForTokenClassification, AutoTokenizer

from longthought.agents.catalogue import BEGINS_AS, bundled_folder
from longthought.agents.in_process import lora
from longthought.agents.in_process.load import locate
from longthought.errors import ConfigError, ModelError
from longthought.problems.countdown import notation
from longthought.training.chat_template import SET, expect_template, with_stopped_clock
from longthought.training.request import Role, TrainingRequest

_NEW = re.compile(r"new:d(\d+)x(\d+)")


@dataclass(frozen=True)
class Base:
    """A model to train, its weights not yet loaded."""

    name: str
    path: str | None
    """A folder or a hub name; None for a new model."""
    added: Path | None
    """The adapter that is trained further, if the base is one."""
    shape: tuple[int, int] | None
    """Width and layers of a new model."""
    tokenizer: Any
    context: int
    """Tokens the model will take."""
    seed: int

    def expect_known_words(self, ids: list[int], place: str) -> None:
        """Raise if the tokenizer has no token for a word of an example.

        Args:
            ids: The tokens of the example.
            place: Where the example stands, for the message.

        Raises:
            ModelError: naming the place.

        """
        unknown = {self.tokenizer.unk_token_id, self.tokenizer.pad_token_id} - {None, self.tokenizer.eos_token_id}
        if not unknown.isdisjoint(ids):
            raise ModelError(
                f"{place}: {self.name} has no token for some of its words (it reads "
                f"{self.tokenizer.decode(ids)[:60]!r}…); export the data in its dialect, or take another base"
            )

    def language_model(self, dtype: Any) -> Any:
        """Load the weights to train, with the adapter on them if the base is one."""
        if self.shape is not None:
            return self._new()
        model = self._load(AutoModelForCausalLM, dtype)
        if self.added is None:
            return model
        from peft import PeftModel

        return PeftModel.from_pretrained(model, str(self.added), is_trainable=True)

    def scoring_model(self, dtype: Any) -> Any:
        """Load the weights with a new head that gives one number per token."""
        if self.shape is not None:
            return AutoModelForTokenClassification.from_config(_one_number(self._new().config))
        if self.added is not None:
            raise ConfigError(f"{self.name}: a scorer starts from a whole model, and this is an adapter; name its base")
        return self._load(AutoModelForTokenClassification, dtype, config=_one_number(_config(self.path)))

    def _load(self, kind: Any, dtype: Any, **more: Any) -> Any:
        assert self.path is not None
        try:
            model = kind.from_pretrained(self.path, dtype=dtype, **more)
        except (OSError, ValueError, KeyError) as error:
            raise _unloadable(self.name, error) from error
        model.config.get_text_config().max_position_embeddings = self.context
        return model

    def _new(self) -> Any:
        from longthought.training.bundled import model as architecture

        assert self.shape is not None
        hidden, layers = self.shape
        return architecture.model(hidden=hidden, layers=layers, seed=self.seed, context=self.context)


def open_base(request: TrainingRequest, role: Role, dialect: str) -> Base:
    """Find the base of a training and read its tokenizer.

    Raises:
        ModelError: if there is no such model, or its tokenizer doesn't suit the dialect.
        ConfigError: if the base doesn't go with the other settings.

    """
    name = request.base or ("bundled:countdown" if dialect == "compact" else "")
    if not name:
        raise ConfigError("`base` is missing: name the model to train, a folder or OWNER/NAME on the hub")
    if name.startswith("new:"):
        return _new_base(request, name, dialect)
    provider, _, rest = name.partition(":")
    if provider == "bundled":
        source = str(bundled_folder(rest, *(BEGINS_AS if role == "thinker" else (role,))))
    else:
        source = locate(rest if provider == "transformers" else name)
    added = Path(source) if lora.is_adapter(Path(source)) else None
    if added is not None and request.lora_rank is not None:
        raise ConfigError(
            f"{name} is an adapter already: leave `lora_rank` out to train it further, or name its base, "
            f"{lora.base_of(added)}, to start another"
        )
    path = source if added is None else lora.base_of(added)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source if _has_tokenizer(source) else path)
    except (OSError, ValueError, KeyError) as error:
        raise _unloadable(name, error) from error
    _settle_template(tokenizer, request, dialect)
    all_weights = added is None and request.lora_rank is None
    context = _context(name, _config(path).get_text_config(), request.max_length, all_weights=all_weights)
    tokenizer.model_max_length = max(tokenizer.model_max_length, context)
    _expect_vocabulary(name, tokenizer, dialect)
    _expect_chat(name, tokenizer)
    path = str(Path(path).absolute()) if Path(path).exists() else path
    return Base(name, path, added, None, tokenizer, context, request.seed)


def _new_base(request: TrainingRequest, name: str, dialect: str) -> Base:
    from longthought.training.bundled import model as architecture

    shape = _NEW.fullmatch(name)
    if shape is None or int(shape[1]) % 64 or not int(shape[1]) or not int(shape[2]):
        raise ConfigError(f"{name!r}: write a new model as new:d192x4, its width a multiple of 64, then its layers")
    if dialect != "compact":
        raise ConfigError(f"{name}: a new model speaks compact, and the data are in {dialect}; name a trained base")
    if request.lora_rank is not None:
        raise ConfigError(f"{name}: an adapter needs a base that knows something; leave `lora_rank` out")
    context = request.max_length or architecture.CONTEXT
    tokenizer = architecture.tokenizer(context)
    return Base(name, None, None, (int(shape[1]), int(shape[2])), tokenizer, context, request.seed)


def _context(name: str, config: Any, wanted: int | None, *, all_weights: bool) -> int:
    """Return the tokens a model takes; training every weight of one with plain rotary positions can extend them."""
    context = int(config.max_position_embeddings)
    if wanted is None or wanted <= context:
        return context
    rotary = (getattr(config, "rope_parameters", None) or {}).get("rope_type") == "default"
    if rotary and all_weights:
        return wanted
    reason = "an adapter can't teach it longer ones" if rotary else "its positions can't be extended"
    raise ConfigError(f"`max_length` {wanted}: {name} takes {context} tokens, and {reason}")


def _has_tokenizer(source: str) -> bool:
    return not Path(source).is_dir() or (Path(source) / "tokenizer_config.json").is_file()


def _settle_template(tokenizer: Any, request: TrainingRequest, dialect: str) -> None:
    """Take the template that the request gives; compact models get the one that marks what is learned.

    A clock in it is stopped, in the tokenizer that is saved with the model too.
    """
    if request.chat_template is not None:
        try:
            tokenizer.chat_template = request.chat_template.read_text()
        except OSError as error:
            raise ConfigError(f"`chat_template` {request.chat_template}: can't be read ({error.strerror})") from error
    elif dialect == "compact":
        from longthought.training.bundled.model import CHAT_TEMPLATE

        tokenizer.chat_template = CHAT_TEMPLATE
    if isinstance(tokenizer.chat_template, str):
        tokenizer.chat_template = with_stopped_clock(tokenizer.chat_template)


def _expect_vocabulary(name: str, tokenizer: Any, dialect: str) -> None:
    if dialect != "compact":
        return
    ids = [tokenizer.encode(word, add_special_tokens=False) for word in notation.VOCABULARY]
    split_words = [word for word, tokens in zip(notation.VOCABULARY, ids, strict=True) if len(tokens) != 1]
    if split_words or len({tokens[0] for tokens in ids}) != len(ids):
        raise ModelError(
            f"{name}: its tokenizer can't say compact, in which every word is a token ({(split_words or ['?'])[0]!r} "
            "is none); "
            "start from bundled:countdown or new:d192x4, or export the data in prose"
        )


def _expect_chat(name: str, tokenizer: Any) -> None:
    expect_template(tokenizer, name, SET)
    if tokenizer.eos_token_id is None:
        raise ModelError(f"{name}: its tokenizer has no end token; set tokenizer.eos_token and save it again")


def _config(path: str | None) -> Any:
    assert path is not None
    try:
        return AutoConfig.from_pretrained(path)
    except (OSError, ValueError, KeyError) as error:
        raise _unloadable(str(path), error) from error


def _one_number(config: Any) -> Any:
    config.num_labels = 1
    config.classifier_dropout = 0.0
    return config


def _unloadable(name: str, error: Exception) -> ModelError:
    reason = str(error).strip().splitlines()[0]
    return ModelError(f"{name}: not a model that transformers can load ({reason}); name a folder that holds one")
