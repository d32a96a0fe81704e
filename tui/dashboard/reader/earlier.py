"""EarlierTexts: the Markdown that documents had before they were run again, to tell what has changed."""

from collections import OrderedDict
from collections.abc import Iterable

from engine.base.errors import HotfolioError
from engine.remote.contract import EngineLike

_MOST_JOBS = 20
_MOST_CHARACTERS = 16 << 20


class EarlierTexts:
    """In memory, and bounded: of the documents run again last. Used by one thread at a time."""

    def __init__(self) -> None:
        self._texts: OrderedDict[int, str] = OrderedDict()

    def keep(self, engine: EngineLike, job_ids: Iterable[int]) -> None:
        """Keep what is published of jobs that are about to be run again; for a thread."""
        for job_id in list(job_ids)[:_MOST_JOBS]:
            try:
                job = engine.job(job_id).job
                if job.output is None or not job.state.is_finished:
                    continue
                text = engine.preview(job_id).expandtabs(4)
            except HotfolioError:
                continue
            if text:
                self._texts[job_id] = text
                self._texts.move_to_end(job_id)
        while len(self._texts) > _MOST_JOBS or sum(map(len, self._texts.values())) > _MOST_CHARACTERS:
            self._texts.popitem(last=False)

    def of(self, job_id: int) -> str | None:
        """What a job's Markdown was before; None if that is not known."""
        return self._texts.get(job_id)
