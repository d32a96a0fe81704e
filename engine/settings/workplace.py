"""What a backend is told of the settings."""

from collections.abc import Iterable

from engine.job.options import ConvertOptions
from engine.sandbox.backend import Workplace
from engine.sandbox.protocol import VISION_MODEL
from engine.settings.settings import WEBHOOK_VARIABLES, Settings
from engine.settings.statefolder import jobs_folder


def workplace_of(settings: Settings) -> Workplace:
    """Where the engine's backend works, and for what: nothing of a webhook is handed on to it."""
    state = settings.state_folder
    return Workplace(state, jobs_folder(state).absolute(), _needed_code(settings.all_options), WEBHOOK_VARIABLES)


def _needed_code(options: Iterable[ConvertOptions]) -> frozenset[str]:
    """What processes should find loaded if documents with any of these options are to come."""
    needed: set[str] = set()
    for wanted in options:
        if wanted.asks_model:
            needed.add(VISION_MODEL)
        needed |= {offer.key for offer in wanted.offers}
    return frozenset(needed)
