"""ProcessEnd: why a conversion process has ended, as whoever drives it says and the tally counts it."""

from enum import StrEnum

from engine.base.errors import ChildDied, ChildGarbage, DocumentTimeout, MemoryLimit, PageTimeout


class ProcessEnd(StrEnum):
    """Why a conversion process has ended, so that the next task needs a new one."""

    CRASH = "crash"
    """By itself, or killed from outside."""
    GARBAGE = "garbage"
    """It did not keep to the protocol."""
    TIMEOUT = "timeout"
    MEMORY_LIMIT = "memory_limit"
    KILLED = "killed"
    """By the engine, since what it worked on was cancelled, or the engine stops or cannot go on."""
    RECYCLED = "recycled"
    """It was worn out: `recycle_pages` or `recycle_memory`."""
    IDLE = "idle"
    """There was nothing to do for it."""

    @classmethod
    def of(cls, error: BaseException) -> "ProcessEnd":
        """Why a process is not used any more whose task ended in an error."""
        match error:
            case ChildDied():
                return cls.CRASH
            case ChildGarbage():
                return cls.GARBAGE
            case PageTimeout() | DocumentTimeout():
                return cls.TIMEOUT
            case MemoryLimit():
                return cls.MEMORY_LIMIT
            case _:
                return cls.KILLED
