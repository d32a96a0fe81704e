"""Writes jobs to a file in the working directory, in threads, and says how far it is."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from engine.base.safetext import display_name
from engine.job.snapshot import JobSnapshot
from tui.dashboard.hands import Say
from tui.text.export import Exporter, ExportFormat
from tui.text.formatting import plural

_CHUNK = 2000


async def export_jobs(entries: Sequence[JobSnapshot], kind: ExportFormat, now: float, say: Say) -> None:
    """Write a new file, named after the time `now` in seconds since 1970."""
    stem = f"hotfolio-jobs-{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}"
    try:
        exporter = await asyncio.to_thread(Exporter, Path.cwd(), stem, kind)
        try:
            for start in range(0, len(entries), _CHUNK):
                if start:
                    say(f"Exporting: {start:,} of {plural(len(entries), 'job')} …")
                await asyncio.to_thread(exporter.write, entries[start : start + _CHUNK])
        finally:
            await asyncio.to_thread(exporter.close)
    except OSError as error:
        say(f"Not exported: {error.strerror}.", is_problem=True)
    else:
        where = f"{display_name(exporter.file.name)} in {display_name(exporter.file.parent)}"
        say(f"{plural(len(entries), 'job')} exported to {where}")
