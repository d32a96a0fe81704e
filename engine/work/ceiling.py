"""The ceiling of a document: for how long conversion processes may work on it, all of them together."""

from collections.abc import Callable

from engine.base.errors import DocumentTimeout
from engine.sandbox.backend import Sandbox
from engine.sandbox.protocol import Answer, Event, Task
from engine.work.runs import Run


def work_on(run: Run, sandbox: Sandbox, task: Task, on_event: Callable[[Event], None], limit_s: float) -> Answer:
    """Have a task done for a run, and count what is worked on it.

    Raises what `Sandbox.run` does, and `DocumentTimeout` when the run has taken more than `limit_s` with something that
    the task says, unless that is 0. Of what others work on at the same time it is told when they are done.
    """
    before = sandbox.readings().worked_s

    def check() -> None:
        if limit_s and run.worked_s + sandbox.readings().worked_s - before > limit_s:
            raise DocumentTimeout(f"Converting the document took longer than {limit_s:g} s (document_timeout).")

    def listen(event: Event) -> None:
        on_event(event)
        check()

    check()
    try:
        return sandbox.run(task, listen)
    finally:
        with run.lock:
            run.worked_s += sandbox.readings().worked_s - before
