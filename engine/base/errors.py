"""What can go wrong, each with one sentence a person can act on."""

import errno

from engine.base.safetext import display_name


class HotfolioError(Exception):
    """The root of every error the engine raises on purpose; `str()` is a sentence for a person."""


class SettingsError(HotfolioError):
    """A setting cannot be used; the sentence names the file or variable and the key."""

    def __init__(self, sentence: str) -> None:
        """What is said may quote a file, whose values must not steer a terminal: it is made one line that shows."""
        super().__init__(display_name(sentence))


class EngineLocked(HotfolioError):
    """Another engine works on this state folder."""


class EngineUnreachable(HotfolioError):
    """No engine answers on this state folder's socket."""


class AnotherVersion(HotfolioError):
    """The engine that answers is of another version of hotfolio."""


class NoQueue(HotfolioError):
    """No engine has ever run on this state folder."""


class NoSuchJob(HotfolioError):
    """No job has this id."""


class IllegalTransition(HotfolioError):
    """A job cannot go from its state to the one asked for."""


class SourceGone(HotfolioError):
    """The file to convert is no longer there."""


class SourceChanged(HotfolioError):
    """The file to convert is not the one that was queued."""


class SourceUnreadable(HotfolioError):
    """The file to convert is not a regular file, or may not be read."""


class DocumentError(HotfolioError):
    """The document cannot be converted at all; a retry without a change would fail again."""


class NotAPdf(DocumentError):
    """The file has no PDF in it, nor another document that is taken in."""


class NotAccepted(DocumentError):
    """The file is a document of a kind that is not taken in."""


class DamagedPdf(DocumentError):
    """The document is damaged beyond repair."""


class PasswordRequired(DocumentError):
    """The PDF cannot be read without a password."""


class PluginUnusable(DocumentError):
    """A format or a reader that the document is to be converted by is not there, or cannot be loaded."""


class PasswordsRefused(HotfolioError):
    """The passwords file cannot be used."""


class NoSuchPages(DocumentError):
    """The document has none of the pages that are selected."""


class PageNotLocated(HotfolioError):
    """It cannot be told which part of the published Markdown is a page's; as a whole it can be read."""


class EngineBlocked(HotfolioError):
    """No job can go on, and none is to blame: work pauses until the cause is gone."""


class OutputUnwritable(EngineBlocked):
    """Results, checkpoints or the queue cannot be written: disk full, read-only, or not permitted."""


class StateLost(EngineBlocked):
    """The state folder is no longer the one that this engine has locked: it has to end."""


class Stopping(EngineBlocked):
    """The engine is being stopped; what was begun goes on at the next start."""


class CannotGoOn(HotfolioError):
    """One job cannot go on right now, others can: its place in the output is in the way, or it needs more room."""


class SandboxUnavailable(EngineBlocked):
    """No conversion process can be started."""


class ChildError(HotfolioError):
    """A conversion process ended before it had done its task."""


class ChildDied(ChildError):
    """A conversion process crashed or was killed from outside."""


class ChildKilled(ChildError):
    """The engine itself ended a conversion process: nobody's fault."""


class ChildOutgrown(ChildKilled):
    """A conversion process was left for one that has loaded what its pages need."""


class NodeLost(ChildKilled):
    """Another machine did not come to the end of what it was given, by no fault of the document's."""


class ChildGarbage(ChildError):
    """A conversion process sent something that is not the protocol."""


class DeskLost(ChildError):
    """What a conversion process has made is not where it was to be."""


class PageTimeout(ChildError):
    """A page, or a step of the document, took longer than its deadline."""


class DocumentTimeout(HotfolioError):
    """A document has been worked on for longer than `document_timeout`."""


class MemoryLimit(ChildError):
    """A conversion process grew past `memory_limit`."""


_WHOLE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE})
_UNWRITABLE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission was denied",
    errno.EPERM: "permission was denied",
    errno.EIO: "the disk reported an error",
    errno.ESTALE: "the network file system is gone",
}


def unwritable(error: OSError, where: str) -> OutputUnwritable | None:
    """The `OutputUnwritable` that an `OSError` from writing to `where` means, or None if it means something else."""
    reason = _UNWRITABLE.get(error.errno or 0)
    return OutputUnwritable(f"Cannot write to {where}: {reason}.") if reason else None


def concerns_all(error: OSError) -> bool:
    """Whether an `OSError` from writing would meet every job, and not just the one that had it."""
    return error.errno in _WHOLE_DISK
