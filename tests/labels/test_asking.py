"""What a run's agents are asked with when its steps are labelled: as in the run, unless told otherwise."""

import asyncio
from pathlib import Path
from typing import Any

import longthought as lt
from longthought.problems.problem import AnswerReference, Problem, Task
from tests.fakes.server import FakeServer, says

TASK = Task(problem=Problem(id="s", statement="What is 2 + 3?"), reference=AnswerReference(answer="5"))
POLICY = {"temperature": 0.2, "max_tokens": 77, "top_p": 0.5, "chat_template_kwargs": {"enable_thinking": False}}
CRITIC = {"temperature": 0.1, "max_tokens": 55}


def sampling(payload: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name in POLICY}


async def test_a_run_s_own_agents_are_asked_with_its_settings(tmp_path: Path) -> None:
    run, file = tmp_path / "run", tmp_path / "p.jsonl"
    file.write_text('{"id": "s", "statement": "What is 2 + 3?", "answer": "5"}\n')
    extra = {"top_p": 0.5, "extra_body": {"chat_template_kwargs": {"enable_thinking": False}}}
    step, right = says("I add 2 and 3."), says(r"So it is \boxed{5}.")
    accepts = [says(f'{{"critique": "", "action": "{action}", "score": 0.9}}') for action in ("continue", "terminate")]
    async with FakeServer([step, accepts[0], right, accepts[1], right, accepts[0]]) as server:

        def play() -> None:
            list(
                lt.generate(
                    [TASK], out=run, policy="openai:fake", critic="openai:fake-model", base_url=server.base_url,
                    tools=[], temperature=0.2, max_tokens=77, policy_settings=extra, critic_temperature=0.1,
                    critic_max_tokens=55,
                )
            )  # fmt: skip

        await asyncio.to_thread(play)
        played = len(server.questions)
        assert sampling(server.questions[0].payload) == POLICY
        given: dict[str, Any] = {"method": "monte-carlo", "trials": 1, "problems": str(file)}
        await asyncio.to_thread(lt.label, run, **given)
        (asked,) = server.questions[played:]
        assert sampling(asked.payload) == POLICY
        await asyncio.to_thread(lt.label, run, method="model", trials=1, limit=1)
        judged = server.questions[played + 1 :]
        assert judged
        assert all(sampling(seen.payload) == CRITIC for seen in judged)
    folders = sorted(path.name for path in run.iterdir() if path.is_dir())
    assert len(folders) == 2
    assert all("-1-" in name for name in folders), "what was asked with other settings has a folder of its own"
