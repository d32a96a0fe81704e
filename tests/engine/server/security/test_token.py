import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.base.errors import SettingsError
from engine.base.sockets import make_service_folder
from engine.server.security.token import ensure_token, read_token, token_path


def test_a_token_is_made_once_and_stays(tmp_path: Path) -> None:
    token = ensure_token(tmp_path)
    assert len(token) >= 43
    assert ensure_token(tmp_path) == read_token(tmp_path) == token


def test_every_state_folder_has_a_token_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert ensure_token(tmp_path / "a") != ensure_token(tmp_path / "b")


def test_nobody_else_may_read_the_token_or_enter_its_folder(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ensure_token(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(token_path(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(token_path(tmp_path).parent.stat().st_mode) == 0o700


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    token_path(tmp_path).parent.mkdir(mode=0o755)
    ensure_token(tmp_path)
    assert stat.S_IMODE(token_path(tmp_path).parent.stat().st_mode) == 0o700


def test_nothing_but_the_token_is_left_in_the_folder(tmp_path: Path) -> None:
    ensure_token(tmp_path)
    assert [path.name for path in token_path(tmp_path).parent.iterdir()] == ["token"]


def test_all_that_start_at_once_get_the_same_token(tmp_path: Path) -> None:
    for attempt in range(20):
        state = tmp_path / str(attempt)
        state.mkdir()
        barrier = threading.Barrier(8)
        tokens: list[str] = []

        def start(state: Path = state, barrier: threading.Barrier = barrier, tokens: list[str] = tokens) -> None:
            barrier.wait()
            tokens.append(ensure_token(state))

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(tokens) == 8
        assert len(set(tokens)) == 1


def test_a_missing_token_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no token yet"):
        read_token(tmp_path)
    make_service_folder(tmp_path)
    with pytest.raises(SettingsError, match="no token yet"):
        read_token(tmp_path)
    assert not token_path(tmp_path).exists()


def test_a_symlink_in_the_tokens_place_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("x" * 43)
    elsewhere.chmod(0o600)
    make_service_folder(tmp_path)
    token_path(tmp_path).symlink_to(elsewhere)
    with pytest.raises(SettingsError, match="symbolic link"):
        ensure_token(tmp_path)
    with pytest.raises(SettingsError, match="symbolic link"):
        read_token(tmp_path)


def test_a_dangling_symlink_is_not_written_through(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    make_service_folder(tmp_path)
    token_path(tmp_path).symlink_to(elsewhere)
    with pytest.raises(SettingsError, match="symbolic link"):
        ensure_token(tmp_path)
    assert not elsewhere.exists()


def test_a_symlink_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    token_path(tmp_path).parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="symbolic link"):
        ensure_token(tmp_path)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_pipe_in_the_tokens_place_holds_nobody_up(tmp_path: Path) -> None:
    make_service_folder(tmp_path)
    os.mkfifo(token_path(tmp_path), 0o600)
    with pytest.raises(SettingsError, match="not a file"):
        ensure_token(tmp_path)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644])
def test_a_token_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    ensure_token(tmp_path)
    token_path(tmp_path).chmod(mode)
    with pytest.raises(SettingsError, match="can be read by others"):
        ensure_token(tmp_path)


def test_another_users_token_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_token(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SettingsError, match="another user"):
        read_token(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"secret", "too short"),
        (b"x" * 40 + b"\n" + b"y" * 40, "is no token"),
        (b"\xff" * 43, "is no token"),
    ],
)
def test_what_is_no_token_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    ensure_token(tmp_path)
    token_path(tmp_path).write_bytes(content)
    with pytest.raises(SettingsError, match=reason):
        ensure_token(tmp_path)


def test_a_token_of_the_owners_choice_counts(tmp_path: Path) -> None:
    ensure_token(tmp_path)
    token_path(tmp_path).write_text("a-token-that-somebody-has-chosen-well-1\n")
    assert ensure_token(tmp_path) == "a-token-that-somebody-has-chosen-well-1"


def test_a_state_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be made"):
        ensure_token(tmp_path / "missing")


def test_the_token_is_read_without_a_web_framework() -> None:
    code = (
        "import sys, engine.server.security.token;"
        " print([m for m in ('fastapi', 'starlette', 'uvicorn') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
