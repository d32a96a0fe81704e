"""An engine that converts for real, and its API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine.facade.engine import Engine
from engine.server.app.api import create_api
from engine.server.app.housekeeping import keep_house
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests.backends import local_backend


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A hot folder that takes in files at once."""
    return Settings(
        input=tmp_path / "input", output=tmp_path / "output", num_workers=2, ocr="never", settle=0, settle_damaged=0.1
    )


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """A started engine."""
    with Engine(settings, backend=local_backend) as engine:
        yield engine


@pytest.fixture
def service(engine: Engine) -> Service:
    """The engine as the routes see it."""
    service = Service(engine, lambda now: None)
    keep_house(service)
    return service


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """Asks the API as a trusted program on the same machine does."""
    with TestClient(create_api(service), base_url="http://localhost") as client:
        yield client
