"""The user's commands: what they are given, how long they may take, and how they end."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.hooks import command as command_module
from engine.hooks.command import MAX_OUTPUT, Outcome, RunningCommand, why_not_run
from tests.waiting import wait_until

PATH = {b"PATH": os.environb[b"PATH"]}


def run(folder: Path, *argv: str, timeout_s: float = 20, environment: dict[bytes, bytes] | None = None) -> Outcome:
    return RunningCommand(argv, environment or PATH, folder).wait(timeout_s)


def shell(folder: Path, script: str, timeout_s: float = 20) -> Outcome:
    return run(folder, "sh", "-c", script, timeout_s=timeout_s)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def pids(tmp_path: Path) -> Iterator[Path]:
    """A file for numbers of processes, which are ended afterwards."""
    file = tmp_path / "pids"
    yield file
    for pid in file.read_text().split() if file.exists() else ():
        if is_alive(int(pid)):
            os.kill(int(pid), signal.SIGKILL)


def test_a_command_that_ends_well_has_no_problem_and_its_output_is_kept(tmp_path: Path) -> None:
    assert shell(tmp_path, "echo out; echo err >&2; pwd") == Outcome(None, f"out\nerr\n{tmp_path}\n".encode())


def test_no_shell_reads_its_arguments_and_nothing_is_on_its_standard_input(tmp_path: Path) -> None:
    outcome = run(tmp_path, "printf", "%s|", "$(touch pwned)", "; touch pwned", "`touch pwned`", "*", "a b")
    assert outcome.output == b"$(touch pwned)|; touch pwned|`touch pwned`|*|a b|"
    assert list(tmp_path.iterdir()) == []
    assert run(tmp_path, "cat") == Outcome(None, b"")


def test_it_has_the_variables_it_is_given_and_no_others(tmp_path: Path) -> None:
    name = b"caf\xe9 \xff;$(x)\n.pdf"
    outcome = run(tmp_path, "env", "-0", environment={**PATH, b"NAME": name})
    assert dict(entry.split(b"=", 1) for entry in outcome.output.split(b"\0") if entry) == {**PATH, b"NAME": name}


@pytest.mark.parametrize(
    ("script", "problem"), [("exit 3", "ended with exit status 3"), ("kill -9 $$", "was ended by signal 9")]
)
def test_how_it_failed_is_said(tmp_path: Path, script: str, problem: str) -> None:
    assert shell(tmp_path, f"echo last words; {script}") == Outcome(problem, b"last words\n")


def test_why_it_cannot_be_run_is_said(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("echo no")
    (tmp_path / "binary").write_bytes(b"\0\1\2")
    (tmp_path / "binary").chmod(0o755)
    for program, reason in [
        ("no-such-program-anywhere", "there is no such program"),
        (str(tmp_path / "script"), "it is not executable, or permission was denied"),
        (str(tmp_path / "script" / "in-a-file"), "there is no such program"),
        (str(tmp_path / "binary"), "Exec format error"),
        ("a\0b", "embedded null byte"),
    ]:
        with pytest.raises((OSError, ValueError)) as caught:
            RunningCommand((program,), PATH, tmp_path)
        assert why_not_run(caught.value) == f"cannot be run: {reason}"


def test_one_that_takes_too_long_is_ended_with_all_it_has_started(tmp_path: Path, pids: Path) -> None:
    script = f"sleep 60 & echo $! >> {pids}; echo $$ >> {pids}; echo begun; wait"
    started = time.monotonic()
    outcome = shell(tmp_path, script, timeout_s=0.5)
    assert outcome == Outcome("took longer than 0.5 s and was ended", b"begun\n")
    assert time.monotonic() - started < 10
    for pid in pids.read_text().split():
        wait_until(lambda pid=pid: not is_alive(int(pid)), f"process {pid} to be gone")


def test_one_that_does_not_want_to_end_is_ended_all_the_same(
    tmp_path: Path, pids: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_module, "_GRACE_S", 0.2)
    script = f"trap '' TERM; (trap '' TERM; echo $$ >> {pids}; sleep 60) & echo $$ >> {pids}; wait; sleep 60"
    assert shell(tmp_path, script, timeout_s=0.4).problem == "took longer than 0.4 s and was ended"
    for pid in pids.read_text().split():
        wait_until(lambda pid=pid: not is_alive(int(pid)), f"process {pid} to be gone")


def test_one_that_cannot_be_ended_is_given_up_and_keeps_nobody_who_stops_it(
    tmp_path: Path, pids: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_pid: int, _number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(command_module, "_GRACE_S", 0.1)
    monkeypatch.setattr(command_module, "_GIVE_UP_S", 1.0)
    monkeypatch.setattr(command_module.os, "killpg", refuse)
    command = RunningCommand(("sh", "-c", f"echo $$ > {pids}; echo begun; exec sleep 30"), PATH, tmp_path)
    outcomes: list[Outcome] = []
    waiting = threading.Thread(target=lambda: outcomes.append(command.wait(0.3)), daemon=True)
    waiting.start()
    longest_s = 0.0
    while waiting.is_alive() and longest_s < 3:
        started = time.monotonic()
        stopping = threading.Thread(target=command.stop, daemon=True)
        stopping.start()
        stopping.join(5)
        longest_s = max(longest_s, time.monotonic() - started)
        waiting.join(0.05)
    assert longest_s < 3
    assert outcomes == [Outcome("took longer than 0.3 s and could not be ended", b"begun\n")]


def test_one_that_has_closed_its_output_is_given_time_to_end_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_module, "_GRACE_S", 60.0)
    script = "trap 'sleep 0.2; touch tidy; exit' TERM; exec >/dev/null 2>&1; while :; do sleep 0.05; done"
    started = time.monotonic()
    assert shell(tmp_path, script, timeout_s=0.4).problem == "took longer than 0.4 s and was ended"
    assert (tmp_path / "tidy").exists()
    assert time.monotonic() - started < 30


def test_what_it_leaves_in_the_background_goes_on_and_is_not_waited_for(tmp_path: Path, pids: Path) -> None:
    started = time.monotonic()
    outcome = shell(tmp_path, f"sleep 60 & echo $! > {pids}; echo done")
    assert outcome == Outcome(None, b"done\n")
    assert time.monotonic() - started < 10
    assert is_alive(int(pids.read_text()))


def test_one_that_closes_its_output_is_still_waited_for(tmp_path: Path) -> None:
    assert shell(tmp_path, "exec >/dev/null 2>&1; sleep 0.3; exit 4").problem == "ended with exit status 4"
    assert shell(tmp_path, "exec >/dev/null 2>&1; sleep 60", timeout_s=0.3).problem is not None


def test_of_much_output_the_end_is_kept(tmp_path: Path) -> None:
    program = "import sys; sys.stdout.write('x' * 3_000_000); sys.stdout.write('the end')"
    outcome = run(tmp_path, sys.executable, "-I", "-S", "-c", program)
    assert outcome.problem is None
    assert len(outcome.output) == MAX_OUTPUT
    assert outcome.output.endswith(b"xthe end")


def test_one_that_prints_for_ever_is_ended_in_time(tmp_path: Path) -> None:
    outcome = run(tmp_path, "yes", timeout_s=0.3)
    assert outcome.problem == "took longer than 0.3 s and was ended"
    assert len(outcome.output) == MAX_OUTPUT


def test_one_that_is_stopped_says_so(tmp_path: Path) -> None:
    command = RunningCommand(("sleep", "60"), PATH, tmp_path)
    threading.Timer(0.1, command.stop).start()
    outcome = command.wait(30)
    assert outcome.was_stopped
    ended = RunningCommand(("true",), PATH, tmp_path)
    assert ended.wait(30) == Outcome(None)
    ended.stop()  # its number may be another's by now


def test_it_is_not_in_the_engines_group_and_inherits_no_open_file(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as stream:
        os.set_inheritable(stream.fileno(), True)
        program = (
            "import os; print(os.getpgrp() == os.getsid(0) == os.getpid(), sorted(map(int, os.listdir('/dev/fd'))))"
        )
        output = run(tmp_path, sys.executable, "-I", "-S", "-c", program).output.decode()
        # The fourth is the listing itself.
        assert output == "True [0, 1, 2, 3]\n"
