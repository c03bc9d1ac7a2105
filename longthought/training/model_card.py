"""The model card of a fine-tuned agent: its data, its training, the cost, and how to use it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_METHODS: Final = {
    "sft": "supervised fine-tuning (TRL's SFTTrainer)",
    "dpo": "direct preference optimisation (TRL's DPOTrainer)",
    "scorer": "a step-scoring head (token classification, transformers' Trainer)",
    "grpo": "group relative policy optimisation (TRL's GRPOTrainer)",
    "probe": "a linear probe on the frozen model, written into one neuron",
}
_USES: Final = {
    "policy": "longthought solve … --policy transformers:PATH",
    "critic": "longthought solve … --critic transformers:PATH",
    "thinker": "longthought solve … --graph sampling --policy transformers:PATH",
    "scorer": "longthought solve … --critic scorer:PATH",
}


def card(facts: Mapping[str, Any]) -> str:
    """Return the card as Markdown, with the front matter that model hubs read."""
    method, data = facts["method"], facts["data"]
    kind = "scorer" if method == "scorer" else facts["role"]
    share = facts["trained_parameters"] / facts["parameters"]
    rows = [
        ("role", facts["role"]),
        ("method", _METHODS[method]),
        ("base", f"`{facts['base']}`"),
        ("parameters", f"{facts['parameters']:,}, of which {facts['trained_parameters']:,} ({share:.1%}) were trained"),
        ("data", f"`{data['path']}` ({data['format']}, dialect {data['dialect']}, digest {data['fingerprint']})"),
        *((f"{split} split", _size(lengths, facts["max_length"])) for split, lengths in facts["lengths"].items()),
        ("rewards", facts.get("rewards", "")),
        *(_optimiser(facts, facts["plan"]) if "plan" in facts else ()),
        ("seed", facts["seed"]),
        *((name.replace("_", " "), value) for name, value in facts.get("measured", {}).items()),
        ("time", f"{facts['seconds']:,.0f} s, {facts['cpu_seconds']:,.0f} CPU seconds, in {facts['starts']} start(s)"),
        ("devices", facts["devices"]),
        ("versions", ", ".join(f"{name} {version}" for name, version in facts["versions"].items())),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows if value != "")
    return _CARD.format(
        base=f"base_model: {facts['base_path']}\n" if _on_hub(facts["base_path"]) else "",
        library="peft" if facts["adapter"] and method != "scorer" else "transformers",
        method=method,
        role=facts["role"],
        title=f"A {kind} for longthought",
        table=table,
        command=facts["command"] or "(called from Python)",
        use=_USES[kind],
    )


def _optimiser(facts: Mapping[str, Any], plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("steps", f"{facts['steps']:,} of {plan['batch']} examples ({facts['epochs']:g} epochs)"),
        ("learning rate", f"{plan['learning_rate']:g}, {facts['schedule']}"),
        ("loss", _losses(facts["loss"])),
        ("validation loss", _losses(facts["validation_loss"])),
    ]


def _on_hub(base: str | None) -> bool:
    """Say whether a base is a name on the hub; a folder is named only in the table."""
    return base is not None and not Path(base).is_absolute()


def _size(lengths: Mapping[str, Any], limit: int) -> str:
    if not lengths["learned"]:
        return f"{lengths['examples']:,} prompts, {lengths['tokens']:,} tokens; {lengths['dropped']:,} left out"
    size = f"{lengths['examples']:,} examples, {lengths['tokens']:,} tokens, {lengths['learned']:,} learned"
    return f"{size}; {lengths['cut']:,} cut at {limit} tokens, {lengths['dropped']:,} left out"


def _losses(losses: Mapping[str, float]) -> str:
    return f"{losses['first']:.3f} at first, {losses['last']:.3f} at last" if losses else ""


_CARD: Final = """\
---
library_name: {library}
{base}tags: [longthought, {method}, {role}]
---

# {title}

{use}

| | |
|---|---|
{table}

Trained with:

```
{command}
```
"""
