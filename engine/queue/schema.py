"""The tables of the queue, and how a database is opened, checked and brought up to date."""

import sqlite3
from pathlib import Path

from engine.base.errors import OutputUnwritable

_MIGRATIONS: tuple[str, ...] = (
    # 1
    """
    CREATE TABLE jobs (
        id              INTEGER PRIMARY KEY AUTOINCREMENT,
        conversion_id   TEXT NOT NULL UNIQUE,
        root            BLOB NOT NULL,
        path            BLOB NOT NULL,
        size            INTEGER NOT NULL,
        mtime_ns        INTEGER NOT NULL,
        inode           INTEGER NOT NULL,
        options         TEXT NOT NULL,
        state           TEXT NOT NULL,
        reason          TEXT,
        priority        INTEGER NOT NULL DEFAULT 0,
        position        REAL NOT NULL,
        attempts        INTEGER NOT NULL DEFAULT 0,
        sha256          TEXT,
        pages           INTEGER,
        pages_done      INTEGER NOT NULL DEFAULT 0,
        pages_failed    INTEGER NOT NULL DEFAULT 0,
        pages_ocr       INTEGER NOT NULL DEFAULT 0,
        pages_text_only INTEGER NOT NULL DEFAULT 0,
        output          BLOB,
        created         REAL NOT NULL,
        started         REAL,
        finished        REAL,
        revision        INTEGER NOT NULL DEFAULT 0,
        hidden          INTEGER NOT NULL DEFAULT 0,
        UNIQUE (root, path, size, mtime_ns, inode)
    ) STRICT;
    CREATE INDEX jobs_active ON jobs (state, id) WHERE state IN ('queued', 'held', 'running');
    CREATE INDEX jobs_by_position ON jobs (position) WHERE state IN ('queued', 'held', 'running');
    CREATE INDEX jobs_by_content ON jobs (sha256) WHERE sha256 IS NOT NULL;

    CREATE TABLE pages (
        job_id  INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        page    INTEGER NOT NULL,
        state   TEXT NOT NULL,
        seconds REAL NOT NULL,
        via     TEXT NOT NULL,
        error   TEXT,
        PRIMARY KEY (job_id, page)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE checkpoints (
        job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        first  INTEGER NOT NULL,
        last   INTEGER NOT NULL,
        PRIMARY KEY (job_id, first, last)
    ) STRICT, WITHOUT ROWID;

    -- Which source a folder of the output belongs to. `folder` is folded so that names which some file system
    -- takes for the same are the same.
    CREATE TABLE outputs (
        folder TEXT PRIMARY KEY,
        root   BLOB NOT NULL,
        path   BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE transitions (
        job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        at     REAL NOT NULL,
        state  TEXT NOT NULL,
        cause  TEXT NOT NULL
    ) STRICT;
    CREATE INDEX transitions_by_job ON transitions (job_id);
    """,
    # 2
    "ALTER TABLE jobs ADD COLUMN client TEXT NOT NULL DEFAULT ''",
    # 3
    "ALTER TABLE jobs ADD COLUMN profile TEXT NOT NULL DEFAULT ''",
    # 4
    """
    -- What is still to follow on the end of a job: a command, a webhook. It outlives the job's own row.
    CREATE TABLE outbox (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id   INTEGER NOT NULL,
        kind     TEXT NOT NULL,
        delivery TEXT NOT NULL,
        facts    BLOB NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        due      REAL NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX outbox_by_job ON outbox (job_id);
    """,
)

SCHEMA_VERSION = len(_MIGRATIONS)


class EmptyDatabase(sqlite3.DatabaseError):
    """A file without a table."""


def connect(file: Path) -> sqlite3.Connection:
    """Open or create the queue's database.

    Raises `sqlite3.DatabaseError` if it is damaged, `OutputUnwritable` if a newer hotfolio has written it. A file that
    was there and has nothing in it is an `EmptyDatabase`: something has emptied it since, or the start that made it has
    ended before there was anything to lose.
    """
    existed = file.exists()
    db = sqlite3.connect(file, isolation_level=None)
    try:
        if existed and not db.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()[0]:
            raise EmptyDatabase("there is nothing in it")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA wal_autocheckpoint = 0")  # the store does it, outside its callers' commits
        db.execute("PRAGMA foreign_keys = ON")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise OutputUnwritable(f"The queue {file} was written by a newer hotfolio; update this one.")
        for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
            db.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
        problem = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)
    except BaseException:
        db.close()
        raise
    return db
