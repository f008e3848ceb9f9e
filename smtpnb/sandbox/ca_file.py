"""The authority's certificate as a file, for clients that want one; it goes when its sandbox closes."""

import contextlib
import os
import tempfile
import threading
from pathlib import Path


class CaFile:
    """A temporary file that is written when it is first asked for."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock = threading.RLock()  # see `Host`: `remove` may be called from within

    @property
    def path(self) -> str:
        """Where it is; until `remove`, always the same."""
        from smtpnb.sandbox.certificates import authority_pem  # noqa: PLC0415 - costs time; most never ask

        with self._lock:
            if self._path is None:
                descriptor, name = tempfile.mkstemp(prefix="smtpnb-ca-", suffix=".pem")
                with os.fdopen(descriptor, "wb") as file:
                    file.write(authority_pem())
                self._path = Path(name)
            return str(self._path)

    def remove(self) -> None:
        """Removes it; idempotent."""
        with self._lock, contextlib.suppress(OSError):
            path, self._path = self._path, None
            if path is not None:
                path.unlink(missing_ok=True)
