"""What has come of documents: for comparing what nodes make with what this machine makes alone."""

import hashlib
import os
from pathlib import Path

from engine.facade.engine import Engine
from engine.job.job import Job
from engine.settings.settings import Settings
from tests.backends import local_backend

PATIENCE_S = 300.0
"""For nodes to be there, on a machine that has other things to do: each loads Dask, and what reads pages."""
FORMATS = "md,json,png,pdf"


def settings(folder: Path, **changes: object) -> Settings:
    """Small batches, and all that pages leave."""
    return Settings.model_validate(
        {"output": folder / "output", "num_workers": 1, "formats": FORMATS, "batch_seconds": 0.2, **changes}
    )


def outputs(job: Job) -> dict[str, str]:
    """What was published, by the digest of each file but the manifest, which has times in it.

    Nor those by which converters that misbehave know that they have.
    """
    place = Path(os.fsdecode(job.output or b""))
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.name != "manifest.json" and not path.name.startswith("had-")
    }


def pages_of(engine: Engine, job: Job) -> list[str]:
    """What has come of each page, in order."""
    return [f"{page.page} {page.state}" for page in engine.detail(job.id).pages]


def all_well(pages: int) -> list[str]:
    """What `pages_of` is if each page is there, once."""
    return [f"{page} ok" for page in range(1, pages + 1)]


def here_alone(folder: Path, *files: Path) -> list[dict[str, str]]:
    """What this machine makes of these files, without a node."""
    with Engine(settings(folder), watch=False, backend=local_backend) as engine:
        jobs = [engine.submit(file) for file in files]
        assert engine.wait_until_idle(PATIENCE_S)
        return [outputs(engine.job(job.id).job) for job in jobs]
