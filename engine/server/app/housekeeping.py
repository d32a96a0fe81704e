"""Deletes what has been sent and is no longer needed."""

from engine.server.dependencies.service import Service
from engine.server.documents.received import Uploads
from engine.server.routers.uploads import delete_leftovers


def keep_house(service: Service) -> None:
    """See to what earlier processes have left, and from now on to every job that finishes. Once for a service."""
    engine = service.engine
    delete_leftovers(engine.settings.input.absolute())
    uploads = Uploads(engine.settings)
    engine.on_finished(uploads.settle)
    uploads.sweep(entry.job for entry in engine.select())
