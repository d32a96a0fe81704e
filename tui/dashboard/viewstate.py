"""ViewState: how the list was looked at, kept between starts."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from tui.dashboard.joblist import JobList, Sort, View

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ViewState:
    """Names, as in the file."""

    view: str = View.ALL.name
    sort: str = Sort.QUEUE
    is_reversed: bool = False
    theme: str | None = None

    def apply(self, jobs: JobList) -> None:
        """Look at the jobs that way; names that mean nothing any more are passed over."""
        view = View[self.view] if self.view in View.__members__ else View.ALL
        sort = Sort(self.sort) if self.sort in set(Sort) else Sort.QUEUE
        jobs.show(view=view, sort=sort, is_reversed=self.is_reversed)


def load_view_state(file: Path) -> ViewState:
    """What the file holds; the defaults if it is missing or not to be understood."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return ViewState(
            str(found["view"]),
            str(found["sort"]),
            bool(found["is_reversed"]),
            str(found["theme"]) if found.get("theme") else None,
        )
    except FileNotFoundError:
        return ViewState()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        log.info("The view's state could not be read; starting with the defaults")
        return ViewState()


def save_view_state(file: Path, state: ViewState) -> None:
    """Keep it; a folder that cannot be written costs nothing but that."""
    try:
        draft = file.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(state)), encoding="utf-8")
        draft.replace(file)
    except OSError:
        log.info("The view's state could not be kept")
