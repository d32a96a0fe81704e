"""The dashboard's page and its terminal, with a small program in the dashboard's place."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from engine.server.app.api import create_api
from engine.server.browser import browserdoor
from engine.server.browser.browserdoor import MOST_DASHBOARDS, router
from engine.server.dependencies.service import Service
from engine.server.security.guard import OPEN_PATHS
from tests.engine.server.browser.program import PROGRAM
from tests.engine.server.fakes import FakeEngine


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    program = tmp_path_factory.mktemp("program") / "program.py"
    program.write_text(PROGRAM)
    api = FastAPI()
    api.include_router(router(Service(FakeEngine(), lambda now: None, dashboard=[sys.executable, str(program)])))
    with TestClient(api, base_url="http://localhost") as client:
        yield client


def shown(session: WebSocketTestSession) -> str:
    return session.receive_bytes().decode()


def closed(session: WebSocketTestSession) -> WebSocketDisconnect:
    try:
        while True:
            session.receive_bytes()
    except WebSocketDisconnect as end:
        return end


def test_a_browser_and_a_program_hear_each_other(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")  # of the terminal that the service was started on
    with client.websocket_connect("/dashboard/terminal?width=97&height=100000") as session:
        assert shown(session) == "97 500 textual.drivers.web_driver:WebDriver -"
        for told, heard in (
            (["stdin", "jé"], "Djé"),
            (["resize", {"width": 120, "height": -4}], 'M{"type": "resize", "width": 120, "height": 1}'),
            (["focus"], 'M{"type": "focus"}'),
            (["blur"], 'M{"type": "blur"}'),
        ):
            session.send_json(told)
            assert shown(session) == heard
        session.send_json(["ping", "17"])
        assert session.receive_json() == ["pong", "17"]
        session.send_json(["stdin", "q"])
        end = closed(session)
    assert (end.code, end.reason) == (1000, "The dashboard has ended.")


@pytest.mark.parametrize("message", ["[]", "{}", "no JSON", '["quit"]', '["stdin", 5]', '["resize", {"width": "1"}]'])
def test_what_no_page_of_ours_says_ends_it(client: TestClient, message: str) -> None:
    with client.websocket_connect("/dashboard/terminal") as session:
        session.send_text(message)
        assert closed(session).code == 1003


def test_so_many_at_once_and_no_more(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_DASHBOARDS > 1
    monkeypatch.setattr(browserdoor, "MOST_DASHBOARDS", 1)
    with client.websocket_connect("/dashboard/terminal") as first:
        shown(first)
        with client.websocket_connect("/dashboard/terminal") as session:
            end = closed(session)
        assert (end.code, end.reason) == (1013, "1 dashboards are open already; close one.")
        first.send_json(["stdin", "q"])
        closed(first)
    with client.websocket_connect("/dashboard/terminal") as again:
        assert shown(again)


def test_every_part_of_the_page_is_open_to_all_and_nothing_else_of_it(client: TestClient) -> None:
    paths = {path for path, _, _ in browserdoor._parts()}
    assert paths == {path for path in OPEN_PATHS if path.startswith("/dashboard")}
    assert not {"/dashboard/check", "/dashboard/terminal"} & OPEN_PATHS
    assert client.get("/dashboard/check").status_code == 204


@pytest.mark.parametrize(("path", "source", "kind"), browserdoor._parts())
def test_the_page_allows_itself_nothing_from_elsewhere(
    client: TestClient, path: str, source: tuple[str, ...], kind: str
) -> None:
    if find_spec(source[0]) is None:
        pytest.skip("needs textual-serve")
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "http" not in policy
    if kind != "font/ttf" and source[0] != "textual_serve":
        assert "://" not in answer.text.replace("${scheme}//", "").replace("//${location.host}", "")


def test_without_a_program_there_is_no_page() -> None:
    for program, status in ([], 404), (["anything"], 204):
        api = create_api(Service(FakeEngine(), lambda now: None, dashboard=program))
        assert TestClient(api, base_url="http://localhost").get("/dashboard/check").status_code == status
