"""Where a task stands, in docling-serve's words."""

from engine.job.job import JobState
from engine.server.docling.doclingschemas import TaskMeta, TaskState, TaskStatus
from engine.server.documents.published import reason_of
from engine.server.documents.tasks import Task, Tasks

_STATES: dict[JobState, TaskState] = {
    JobState.QUEUED: "pending",
    JobState.HELD: "pending",
    JobState.RUNNING: "started",
    JobState.DONE: "success",
    JobState.PARTIAL: "success",
    JobState.FAILED: "failure",
    JobState.CANCELLED: "failure",
}


def status_of_task(tasks: Tasks, task: Task) -> TaskStatus:
    """Where it stands; from memory, but with many jobs on the list it takes milliseconds."""
    jobs = tasks.jobs(task)
    states = [_STATES[job.state] if job is not None else "failure" for job in jobs]
    if any(state in ("pending", "started") for state in states):
        status: TaskState = "pending" if all(state == "pending" for state in states) else "started"
    else:
        status = "success" if "success" in states else "failure"
    ended = [job for job in jobs if job is not None and job.state is not JobState.DONE]
    reason = next(filter(None, map(reason_of, ended)), None)
    return TaskStatus(
        task_id=task.id,
        task_type="chunk" if task.record.chunker else "convert",
        task_status=status,
        task_position=tasks.position(jobs) if status == "pending" else None,
        task_meta=TaskMeta(
            num_docs=len(states),
            num_processed=states.count("success") + states.count("failure"),
            num_succeeded=sum(1 for job in jobs if job is not None and job.state is JobState.DONE),
            num_partially_succeeded=sum(1 for job in jobs if job is not None and job.state is JobState.PARTIAL),
            num_failed=states.count("failure"),
        ),
        error_message=(reason or "It was taken off the list.") if status == "failure" else None,
    )
