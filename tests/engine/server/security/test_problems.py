"""What went wrong has a status that programs act on, and one sentence."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from engine.base import errors
from engine.base.errors import EngineBlocked, HotfolioError, IllegalTransition, NoSuchJob, SourceGone, SourceUnreadable
from engine.server.security.problems import handle_problems, status_of


class _MoreSpecial(EngineBlocked):
    pass


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (NoSuchJob, 404),
        (SourceGone, 404),
        (SourceUnreadable, 404),
        (IllegalTransition, 409),
        (EngineBlocked, 503),
        (errors.OutputUnwritable, 503),
        (_MoreSpecial, 503),
        (HotfolioError, 400),
        (errors.SettingsError, 400),
    ],
)
def test_the_status_says_what_to_do_about_it(kind: type[HotfolioError], status: int) -> None:
    assert status_of(kind("A sentence.")) == status


class Thing(BaseModel):
    size: int = Field(le=10)


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    handle_problems(app)

    @app.post("/things")
    def take(things: list[Thing], limit: int = 1) -> int:
        raise NoSuchJob("There is no job 7.")

    return TestClient(app)


def test_an_error_of_the_engine_is_its_sentence(client: TestClient) -> None:
    answer = client.post("/things", json=[{"size": 1}])
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no job 7."})


def test_what_does_not_fit_is_named(client: TestClient) -> None:
    answer = client.post("/things?limit=x", json=[{"size": 11}])
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": "query limit: input should be a valid integer, unable to parse string as an integer; "
        "body 0 size: input should be less than or equal to 10."
    }


def test_only_the_first_of_many_misfits_are_told(client: TestClient) -> None:
    detail = client.post("/things", json=[{"size": "x"}] * 50).json()["detail"]
    assert detail.count("unable to parse") == 3
    assert detail.endswith("; and more.")
    assert not client.post("/things", json=[{"size": "x"}] * 3).json()["detail"].endswith("and more.")


def test_a_hostile_name_is_shown_safely_and_cut(client: TestClient) -> None:
    class Strict(BaseModel, extra="forbid"):
        pass

    app = FastAPI()
    handle_problems(app)

    @app.post("/")
    def take(strict: Strict) -> None: ...

    detail = TestClient(app).post("/", json={"\x1b[31m" + "x" * 500: 1}).json()["detail"]
    assert detail.startswith(r"body \x1b[31mxxx")
    assert len(detail) < 200


def test_what_is_no_json_is_refused_in_one_sentence(client: TestClient) -> None:
    for body in (b'[{"size": NaN}]', b'[{"size": "\\ud800"}]', b"{"):
        answer = client.post("/things", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert answer.json()["detail"].endswith(".")
