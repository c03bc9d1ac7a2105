"""The checks behind `doctor`: the state of each part of the machine, and the command that fixes it."""

import json
import os
import platform
import urllib.error
import urllib.request
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from longthought import __version__
from longthought.extras import installed


class Diagnosis(NamedTuple):
    """What a check says of one part of the machine."""

    part: str
    works: bool | None
    """False if the part is needed and broken; None if it is missing and only some features need it."""
    found: str
    fix: str = ""


def diagnose(base_url: str | None) -> list[Diagnosis]:
    """Check every part, and the model server at `base_url` if it is given."""
    findings = [
        Diagnosis("longthought", True, f"{__version__} on Python {platform.python_version()}, {os.cpu_count()} cores"),
        _package("langgraph", "graphs", required=True, extra=""),
        _package("torch", "in-process models", required=False, extra="local"),
        _package("transformers", "in-process models", required=False, extra="local"),
        _gpu(),
        _bundled(),
        _sandbox(),
        _lean(),
        _package("math-verify", "comparing answers", required=True, extra=""),
        _package("trl", "training", required=False, extra="train"),
        _package("langgraph-cli", "LangGraph Studio", required=False, extra="studio"),
        _package("fastapi", "debates in a browser", required=False, extra="viewer"),
        _package("opentelemetry-sdk", "traces of debates", required=False, extra="telemetry"),
    ]
    if base_url:
        findings.append(_server(base_url))
    return findings


def _package(name: str, purpose: str, *, required: bool, extra: str) -> Diagnosis:
    try:
        return Diagnosis(name, True, f"{version(name)} ({purpose})")
    except PackageNotFoundError:
        target = f"longthought[{extra}]" if extra else "longthought"
        return Diagnosis(name, False if required else None, f"not installed ({purpose})", f"pip install '{target}'")


def _gpu() -> Diagnosis:
    if not installed("torch"):
        return Diagnosis("gpu", None, "not checked: torch is not installed")
    import torch  # the one place where the command line asks torch about the hardware

    if torch.cuda.is_available():
        return Diagnosis("gpu", True, torch.cuda.get_device_name())
    return Diagnosis("gpu", None, "none: in-process models run on the CPU")


def _bundled() -> Diagnosis:
    from longthought.agents.catalogue import BUNDLED

    weights = sorted(Path(BUNDLED).glob("*/*/model.safetensors"))
    if not weights:
        return Diagnosis("bundled agents", False, "no weights in the package", "longthought train bundled")
    size = sum(path.stat().st_size for path in weights) / 1e6
    names = ", ".join(f"{p.parent.parent.name}/{p.parent.name}" for p in weights)
    return Diagnosis("bundled agents", True, f"{names} ({size:.1f} MB)")


def _sandbox() -> Diagnosis:
    from longthought.tools.sandbox.confinement import probe

    confinement = probe()
    return Diagnosis("sandbox", confinement.kind is not None, confinement.found, confinement.fix)


def _lean() -> Diagnosis:
    from longthought.tools.lean.toolchain import NoLean, find

    try:
        return Diagnosis("lean", True, find().name)
    except NoLean as error:
        return Diagnosis("lean", None, "not installed (Lean proofs)", str(error))


def _server(base_url: str) -> Diagnosis:
    url = f"{base_url.rstrip('/')}/models"
    key = os.environ.get("OPENAI_API_KEY")
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            models = [str(model["id"]) for model in json.load(response)["data"]]
    except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError) as error:
        return Diagnosis("server", False, f"{base_url}: {error}", "is it running, and does the URL end in /v1?")
    return Diagnosis("server", True, f"{base_url} serves {', '.join(models)}")
