"""A run in the foreground on its socket."""

import contextlib
from pathlib import Path

from engine.base.sockets import bind, connect, socket_path
from engine.facade.engine import Engine
from engine.remote.client import Connection
from engine.server.app.late import LateListener
from engine.settings.settings import Settings
from tests.backends import local_backend


def test_a_run_answers_and_leaves_the_socket_of_the_engine_that_follows_it(tmp_path: Path) -> None:
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output", num_workers=1)
    with Engine(settings, backend=local_backend) as engine:
        late = LateListener(engine, lambda now: None, patience_s=60)
        assert Connection(settings.state_folder).greet().settings.num_workers == 1
    next_one = bind(settings.state_folder)  # its engine could start as soon as this one let go of the lock
    with contextlib.closing(next_one):
        late.stop()
        connect(socket_path(settings.state_folder), 5).close()
