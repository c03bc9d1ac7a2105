"""Measure which share of a debate's prompts a prefix cache serves, and how the cost grows with the rounds.

    .ci/vllm DIR && python benchmarks/prefix.py --vllm DIR
    python benchmarks/prefix.py --base-url http://localhost:8000/v1 --policy NAME --critic NAME

The first command makes a model of random words (`benchmarks/babble.py`), serves it with vLLM on this machine and lets
it debate with itself in prose, with prompts of a thousand tokens and more. The second does the same with your models on
your server, which should be idle otherwise, cache prefixes, and, if it is vLLM, run with
`--enable-prompt-tokens-details`.

Cached tokens are those that the server reports in each reply; vLLM's own counters are printed too. Afterwards the same
requests are sent three times more for one token each, each time into an empty part of the cache (`cache_salt`): first
unchanged; then with a part of the cache for each role, as if policy and critic shared no prefix; then with the accepted
path moved to the end, behind the parts that change from request to request.
"""

import argparse
import asyncio
import json
import os
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import babble
from langchain_core.messages import BaseMessage, HumanMessage

import longthought as lt
from longthought.agents.agent import Agent
from longthought.agents.calls import call_of
from longthought.agents.dialects import prompts
from longthought.agents.served.chat_model import ServedChatModel
from longthought.agents.view import View, view
from longthought.jobs.vllm import serving
from longthought.problems.problem import Problem
from longthought.trajectories.events import AnyEvent, Author, Failed, Judged, Proposed
from longthought.trajectories.trajectory import Trajectory
from longthought.trajectories.tree import Tree

APART, PATH_LAST = "roles apart", "path last"
ROLES = (Author.POLICY, Author.CRITIC)


@dataclass
class Bill:
    """Prompt tokens of one kind of request."""

    requests: int = 0
    prompt: int = 0
    cached: int = 0
    shortest: int = 0
    longest: int = 0

    def add(self, prompt: int, cached: int) -> None:
        """Count one request."""
        self.requests += 1
        self.prompt += prompt
        self.cached += cached
        self.shortest = min(prompt, self.shortest or prompt)
        self.longest = max(prompt, self.longest)

    @property
    def share(self) -> float:
        """The share of prompt tokens from the cache."""
        return self.cached / self.prompt if self.prompt else 0.0


@dataclass
class Growth:
    """Means up to a round, over the debates that reached it."""

    round: int
    debates: int
    prompt: float
    """Tokens of all prompts so far, of both agents."""
    computed: float
    """Those of them that did not come from the cache."""
    longest: float
    """Tokens of the longest prompt so far."""


@dataclass
class Found:
    """All figures of the measurement."""

    server: str
    model: str
    block_size: int | None
    debates: int
    rounds: int
    roles: dict[str, Bill] = field(default_factory=dict[str, Bill])
    growth: list[Growth] = field(default_factory=list[Growth])
    counters: Bill = field(default_factory=Bill)
    """What the server itself counted meanwhile; it counts tokens only."""
    again: dict[str, Bill] = field(default_factory=dict[str, Bill])
    """The same requests sent again, by the order of the view."""


class Metrics:
    """The metrics of a vLLM server; empty for another server."""

    def __init__(self, base_url: str) -> None:
        """Read the metrics now."""
        root = base_url.removesuffix("/").removesuffix("/v1")
        self.lines = self._read(f"{root}/metrics").splitlines()
        version = self._read(f"{root}/version")
        self.server = f"vLLM {json.loads(version)['version']}" if version else base_url

    @staticmethod
    def _read(url: str) -> str:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def total(self, name: str) -> int:
        """Sum a counter over its labels."""
        return int(sum(float(line.rpartition(" ")[2]) for line in self.lines if line.startswith(f"{name}{{")))

    @property
    def block_size(self) -> int | None:
        """Tokens of a block of the cache; only whole blocks are shared."""
        info = next((line for line in self.lines if line.startswith("vllm:cache_config_info{")), "")
        found = info.partition(' block_size="' if ' block_size="' in info else ',block_size="')[2].partition('"')[0]
        return int(found) if found.isdigit() else None


def growth(debates: Sequence[Trajectory], rounds: int) -> Iterator[Growth]:
    """Yield the cost of debates after 1, 2, 4, … rounds."""
    seen: list[dict[int, tuple[int, int, int]]] = []
    for debate in debates:
        tree, longest = Tree(), 0
        after: dict[int, tuple[int, int, int]] = {}
        for event in debate.events:
            tree.apply(event)
            longest = max(longest, *(call.usage.prompt for call in event.calls), 0)
            both = tree.policy_usage, tree.critic_usage
            prompt, cached = sum(usage.prompt for usage in both), sum(usage.cached for usage in both)
            after[tree.rounds] = (prompt, prompt - cached, longest)
        seen.append(after)
    at = 1
    while at <= rounds:
        costs = [after[at] for after in seen if at in after]
        if costs:
            means = [sum(values) / len(costs) for values in zip(*costs, strict=True)]
            yield Growth(at, len(costs), *means)
        at = at * 2 if at * 2 <= rounds or at == rounds else rounds


def requests(debate: Trajectory, policy: Agent, critic: Agent) -> Iterator[tuple[Agent, View, Sequence[BaseMessage]]]:
    """Yield the requests of a debate from its log; what was asked again after an unreadable reply is left out."""
    tree = Tree()
    for event in debate.events:
        if event.calls and event.by is Author.CRITIC:
            assert isinstance(event, Judged | Failed)
            seen = view(tree, event.node)
            yield critic, seen, critic.dialect.ask_critic(seen)
        elif event.calls and isinstance(event, Proposed):
            seen = view(tree)
            yield policy, seen, policy.dialect.ask_policy(seen)
        tree.apply(event)


def path_last(seen: View, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Move the accepted path behind everything else."""
    path = "".join(prompts.STEP.format(number=n, text=t) for n, t in zip(seen.path_nodes, seen.path, strict=True))
    before, found, after = messages[-1].text.partition(path or "\0")
    return [*messages[:-1], HumanMessage(f"{before}{after}\n\n{found}")] if found else list(messages)


async def replay(debates: Iterable[Trajectory], policy: Agent, critic: Agent, order: str) -> Bill:
    """Send the requests of all debates once more, into a part of the cache of their own."""
    bill = Bill()

    async def one(debate: Trajectory) -> None:
        for agent, seen, messages in requests(debate, policy, critic):
            assert isinstance(agent.model, ServedChatModel)
            sent = path_last(seen, messages) if order == PATH_LAST else messages
            salt = f"{os.getpid()} {order} {type(agent).__name__ if order == APART else ''}"
            reply = await agent.model.answer(sent, max_tokens=1, cache_salt=salt)
            usage = call_of(agent.name, reply, 0.0).usage
            bill.add(usage.prompt, usage.cached)

    async with asyncio.TaskGroup() as group:
        for debate in debates:
            group.create_task(one(debate))
    return bill


def play(given: argparse.Namespace, base_url: str, folder: Path) -> list[Trajectory]:
    """Let the models debate."""
    problems = [Problem(id=f"depot-{n}", statement=babble.depot(n)) for n in range(given.debates)]
    policy, critic = agents(given, base_url)
    job = lt.generate(
        problems, out=folder / "run", policy=policy, critic=critic, tools=[], rounds=given.rounds,
        concurrency=given.debates,
    )  # fmt: skip
    return list(job)


def agents(given: argparse.Namespace, base_url: str) -> tuple[Any, Any]:
    """Return policy and critic, at temperature 1."""
    return (
        lt.policy(f"openai:{given.policy}", base_url=base_url, dialect="prose", temperature=1.0),
        lt.critic(f"openai:{given.critic}", base_url=base_url, dialect="prose", temperature=1.0),
    )


async def measure(given: argparse.Namespace, base_url: str, folder: Path) -> Found:
    """Debate, add up, and send everything again in both orders."""
    before = await asyncio.to_thread(Metrics, base_url)
    debates = await asyncio.to_thread(play, given, base_url, folder)
    after = await asyncio.to_thread(Metrics, base_url)
    names = given.policy if given.policy == given.critic else f"{given.policy}, {given.critic}"
    found = Found(after.server, names, after.block_size, len(debates), given.rounds)
    found.roles = {role.value: Bill() for role in ROLES}
    events: Iterator[AnyEvent] = (event for debate in debates for event in debate.events)
    for event in events:
        for call in event.calls:
            found.roles[event.by.value].add(call.usage.prompt, call.usage.cached)
    found.growth = list(growth(debates, given.rounds))
    for name, attribute in (("queries", "prompt"), ("hits", "cached")):
        counter = f"vllm:prefix_cache_{name}_total"
        setattr(found.counters, attribute, after.total(counter) - before.total(counter))
    policy, critic = agents(given, base_url)
    for order in ("path first", APART, PATH_LAST):
        found.again[order] = await replay(debates, policy, critic, order)
    return found


async def serve(given: argparse.Namespace) -> Found:
    """Measure on the given server, or on one started here."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if given.base_url:
            return await measure(given, given.base_url, folder)
        os.environ.update(babble.ON_A_CPU)
        os.environ["PATH"] = f"{given.vllm.resolve() / 'bin'}{os.pathsep}{os.environ['PATH']}"
        model = babble.write(folder / "babble") / "base"
        name = f"--served-model-name {given.policy} {given.critic}"
        server = await stack.enter_async_context(serving(f"{model} --enforce-eager {name}", folder / "vllm.log"))
        return await measure(given, server.base_url, folder)


def table(found: Found) -> Iterator[str]:
    """Yield the lines of the tables."""
    block = f"blocks of {found.block_size} tokens" if found.block_size else "block size unknown"
    yield f"{found.server}, {found.model}, {block}; {found.debates} debates of at most {found.rounds} rounds"
    yield "\nrole      requests  prompt tokens  shortest  longest  from the cache"
    for role, bill in found.roles.items():
        yield (
            f"{role:<8}{bill.requests:>10,}{bill.prompt:>15,}{bill.shortest:>10,}{bill.longest:>9,}{bill.share:>16.1%}"
        )
    if found.counters.prompt:
        yield f"by the server's own count {found.counters.share:.1%} of {found.counters.prompt:,} tokens"
    yield "\nafter round  debates  longest prompt  prompt tokens so far  computed  computed share"
    for row in found.growth:
        yield (
            f"{row.round:>11}{row.debates:>9}{row.longest:>16,.0f}{row.prompt:>22,.0f}{row.computed:>10,.0f}"
            f"{row.computed / row.prompt:>16.1%}"
        )
    yield "\nthe same requests again   prompt tokens  computed  from the cache"
    for order, bill in found.again.items():
        yield f"{order:<24}{bill.prompt:>15,}{bill.prompt - bill.cached:>10,}{bill.share:>16.1%}"


def main() -> None:
    """Measure, print, and write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--vllm", type=Path, metavar="DIR", help="an environment with vLLM")
    place.add_argument("--base-url", metavar="URL", help="base URL of a running server")
    parser.add_argument("--policy", default="babble", metavar="NAME", help="its name on the server")
    parser.add_argument("--critic", default="babble", metavar="NAME", help="its name on the server")
    parser.add_argument("--debates", type=int, default=8, help="number of debates, all in flight at once")
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--out", type=Path, metavar="FILE", help="JSON file for the figures")
    given = parser.parse_args()
    found = asyncio.run(serve(given))
    print("\n".join(table(found)))
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(asdict(found), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
