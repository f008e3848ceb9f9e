"""What a survey found, on disk: an SQLite file that survives a kill at any moment. A row is one host's facts."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

#: Written into the file; another is refused.
SCHEMA: Final = "smtpnb.survey/1"

_TABLES: Final = """
    CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS hosts (name TEXT NOT NULL, port INTEGER NOT NULL, status TEXT NOT NULL,
                                      facts TEXT NOT NULL, PRIMARY KEY (name, port)) WITHOUT ROWID;
"""


class Store:
    """The results of a survey in a file.

    Args:
        path: the file; made where it is not there yet.

    Raises:
        ValueError: a file of something else.
    """

    def __init__(self, path: str | Path) -> None:
        # Each result is its own transaction: written ahead, it survives the process (not the machine's power cut,
        # which would cost an fsync a host).
        self._database = sqlite3.connect(path, isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_TABLES)
            self._check(path)
        except (sqlite3.DatabaseError, ValueError) as error:
            self._database.close()
            raise ValueError(f"{str(path)!r} is no store of a survey: {error}") from None

    def _check(self, path: str | Path) -> None:
        self._database.execute("INSERT OR IGNORE INTO about VALUES ('schema', ?)", (SCHEMA,))
        (schema,) = self._database.execute("SELECT value FROM about WHERE name = 'schema'").fetchone()
        if schema != SCHEMA:
            raise ValueError(f"its schema is {schema!r}, not {SCHEMA!r} ({path})")

    def add(self, key: tuple[str, int], facts: dict[str, Any]) -> None:
        """Keeps the facts of a host, in place of earlier ones."""
        row = (*key, facts["status"], json.dumps(facts, separators=(",", ":")))
        self._database.execute("INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?)", row)

    def known(self) -> Iterator[tuple[tuple[str, int], dict[str, Any]]]:
        """All that was kept."""
        for name, port, facts in self._database.execute("SELECT name, port, facts FROM hosts"):
            yield (name, port), json.loads(facts)

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
