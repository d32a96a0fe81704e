"""What a node tells, and when: what is done of pages waits a moment for more, and what somebody waits for does not."""

import asyncio
from pathlib import Path

import pytest

from engine.cluster.exchange import Allowance, Begin, Said, from_node, to_node
from engine.cluster.framing import Frame, several
from engine.cluster.node import agent as module
from engine.cluster.node.agent import Agent
from engine.cluster.node.sourcecache import SourceCache
from engine.sandbox.backend import Workplace
from engine.sandbox.inmemory import InMemoryBackend
from engine.sandbox.protocol import PagesTask
from engine.sandbox.stages import Stage
from tests.engine.making import OPTIONS

DIGEST = "0" * 64
ALLOWED = Allowance(page_timeout_s=60, ocr_timeout_s=60, memory_bytes=1 << 30, open_timeout_s=60, step_timeout_s=60)


def begin(epoch: int) -> bytes:
    task = PagesTask(desk="1", name="a.pdf", options=OPTIONS, first=1, last=1)
    message = Begin(epoch=epoch, sha256=DIGEST, length=100, needs=Stage.BARE, limits=ALLOWED, task=task)
    to_node.validate_python(message)
    return Frame(message).encode()


def test_what_is_not_pressing_comes_with_what_follows_and_alone_after_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tell() -> list[list[str]]:
        cache = SourceCache(tmp_path / "documents", 1 << 20)
        agent = Agent("one", InMemoryBackend(Workplace(tmp_path, tmp_path)), cache, 1, {}, lambda leave: None)
        await agent.attach("engine")
        life = agent._hello.life
        await agent.tell(life, begin(7))
        answers: list[list[str]] = []
        last, data, _ = await agent.poll(life, 0, 10)  # that the document is missing is pressing
        assert len(several(data, from_node)) == 1

        async def answer() -> None:
            nonlocal last
            last, data, _ = await agent.poll(life, last, 10)
            said = [frame.message for frame in several(data, from_node)]
            answers.append([message.line for message in said if isinstance(message, Said)])

        def say(line: str, *, is_pressing: bool) -> None:
            agent._emit(7, Frame(Said(epoch=7, line=line)), is_pressing=is_pressing)

        monkeypatch.setattr(module, "_LINGER_S", 1000.0)
        waiting = asyncio.create_task(answer())
        for line in ("started", "done"):
            say(line, is_pressing=False)
            await asyncio.sleep(0)
        say("all done", is_pressing=True)
        await waiting
        monkeypatch.setattr(module, "_LINGER_S", 0.0)
        say("alone", is_pressing=False)
        await answer()
        agent.close()
        return answers

    assert asyncio.run(asyncio.wait_for(tell(), 30)) == [["started", "done", "all done"], ["alone"]]
