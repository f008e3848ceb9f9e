"""A progress bar over content on its way out: tqdm's, which draws itself in a notebook and in a terminal."""

from collections.abc import Iterator
from typing import Any


def require_progress() -> None:
    """Refuses a progress bar that cannot be drawn, before anything is sent.

    Raises:
        ImportError: tqdm is not installed.
    """
    _bar()


def shown_progress(pieces: Iterator[bytes], total: int | None) -> Iterator[bytes]:
    """The pieces, and a bar that grows with them.

    Args:
        pieces: the content.
        total: its octets, as far as they are known.

    Raises:
        ImportError: tqdm is not installed.
    """
    return _counted(pieces, _bar()(total=total, unit="B", unit_scale=True, desc="content"))


def _bar() -> Any:
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415 - only who wants a bar loads it
    except ImportError:
        raise ImportError("a progress bar needs tqdm: pip install tqdm, or send with progress=False") from None
    # The monitor redraws bars that stall, in a thread that outlives them; these move with the upload or end with it.
    return type("bar", (tqdm,), {"monitor_interval": 0})


def _counted(pieces: Iterator[bytes], bar: Any) -> Iterator[bytes]:
    with bar:
        for piece in pieces:
            yield piece
            bar.update(len(piece))
