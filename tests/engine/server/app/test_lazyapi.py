"""The API is loaded when somebody asks for it first, once, and not for the engine's own front ends."""

import asyncio
from pathlib import Path

import httpx
import pytest

from engine.remote.wire import encode
from engine.server.app import api, housekeeping
from engine.server.app.lazyapi import LazyApi, LocalApi
from engine.server.dependencies.service import Service
from tests.engine.server.fakes import FakeEngine


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(FakeEngine(tmp_path), lambda now: None)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been done to load the API, in order."""
    done: list[str] = []
    create, keep = api.create_api, housekeeping.keep_house
    monkeypatch.setattr(api, "create_api", lambda service: (done.append("made"), create(service))[1])
    monkeypatch.setattr(housekeeping, "keep_house", lambda service: (done.append("kept"), keep(service))[1])
    return done


def asking(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")  # type: ignore[arg-type]


async def test_many_that_ask_first_have_it_loaded_once(service: Service, loads: list[str]) -> None:
    async with asking(LazyApi(service)) as client:
        answers = await asyncio.gather(*(client.get("/healthz") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert loads == ["kept", "made"]


async def test_what_is_loaded_before_is_not_loaded_again(service: Service, loads: list[str]) -> None:
    lazy = LazyApi(service)
    lazy.load()
    async with asking(lazy) as client:
        assert (await client.get("/healthz")).status_code == 200
    assert loads == ["kept", "made"]


async def test_front_ends_have_nothing_loaded_and_everybody_else_has(service: Service, loads: list[str]) -> None:
    async with asking(LocalApi(service, LazyApi(service))) as client:
        answer = await client.post("/rpc/hold", content=encode({"job_ids": [4711]}))
        assert answer.status_code == 409  # there is no such job
        assert (await client.post("/rpc/nonsense", content=b"{}")).status_code == 404
        assert loads == []
        assert (await client.get("/rpc")).status_code == 404
        assert loads == ["kept", "made"]


async def test_on_another_door_there_are_no_calls(service: Service) -> None:
    async with asking(LazyApi(service)) as client:
        assert (await client.post("/rpc/hold", content=encode({"job_ids": []}))).status_code == 404
