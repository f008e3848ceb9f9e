"""Whom to ask: lists, files, tables → targets, and a word for each line that is none. Nothing is looked up here."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from smtpnb.text import shortened, visible
from smtpnb.transport.endpoint import Endpoint

#: What the column of hosts may be called in the first line of a CSV file or in a DataFrame.
_HOST_COLUMNS: Final = ("host", "hostname", "name", "domain", "server", "address", "ip")


class Target(NamedTuple):
    """A host and a port to ask.

    Attributes:
        host: as it was given, without brackets.
        port: the port.
        label: what to call it where it is shown, in place of these; empty for these.
    """

    host: str
    port: int
    label: str = ""

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.label or self.host

    @property
    def key(self) -> tuple[str, int]:
        """The same for all spellings of one name."""
        return Endpoint.of(self.host, self.port).name.removesuffix(".").lower(), self.port


class _Labelled(NamedTuple):
    """An item of a source, and what to call it."""

    label: str
    item: Any

    def __str__(self) -> str:
        return f"{self.label}: {self.item}"


class Problem(NamedTuple):
    """A line that was left out.

    Attributes:
        line: its number, from 1.
        text: what stands there, visible.
        why: what is wrong with it.
    """

    line: int
    text: str
    why: str


def targets_of(source: Any, port: int = 25) -> tuple[tuple[Target, ...], tuple[Problem, ...]]:
    """The targets in `source`, each once, in order; and what was left out.

    Args:
        source: a file's name (text or CSV, one target a line), a list of "host", "host:port", (host, port) or
            `Sandbox`, a mapping of labels to these, or a DataFrame with a column `host` and perhaps `port`.
        port: for those that name none.
    """
    found: dict[tuple[str, int], Target] = {}
    lines: dict[tuple[str, int], int] = {}
    problems: list[Problem] = []
    for number, item in _numbered(source):
        try:
            target = _target(item, port)
            if target is None:
                continue
            key = target.key
            if key in found:
                raise ValueError(f"the same as in line {lines[key]}; asked once")  # noqa: TRY301 - told like the others
        except (ValueError, TypeError) as error:
            problems.append(Problem(number, visible(shortened(str(item), 120)), visible(str(error))))
        else:
            found[key], lines[key] = target, number
    return tuple(found.values()), tuple(problems)


def _numbered(source: Any) -> Iterator[tuple[int, Any]]:
    if isinstance(source, str | Path):
        yield from _lines_of(Path(source))
    elif hasattr(source, "columns") and hasattr(source, "itertuples"):
        yield from _rows_of(source)
    elif isinstance(source, Mapping):
        yield from enumerate((_Labelled(str(label), item) for label, item in source.items()), 1)
    elif isinstance(source, Iterable):
        yield from ((number, _numbered_sandbox(number, item)) for number, item in enumerate(source, 1))
    else:
        raise TypeError(f"targets are a file's name, a list or a DataFrame, not {type(source).__name__}")


def is_sandbox(item: object) -> bool:
    """Whether it is a `Sandbox`, told by what it has: nothing of it is needed to ask others."""
    return all(hasattr(item, name) for name in ("host", "port", "ca_file"))


def _numbered_sandbox(number: int, item: Any) -> Any:
    # Its port is the system's choice, and the same cell gives the same output.
    return _Labelled(f"sandbox {number}", item) if is_sandbox(item) else item


def _lines_of(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline=None) as file:
        columns: tuple[int, int | None] | None = None
        for number, line in enumerate(file, 1):
            if "\0" in line:  # else words out of a program would be looked up as names
                raise ValueError(f"{str(path)!r} is no text file: there is a NUL in line {number}")
            text = line.strip()
            if "," not in text:
                if number > 1 or text.lower() not in _HOST_COLUMNS:
                    yield number, text
                continue
            cells = [cell.strip() for cell in next(csv.reader([text]), [])]
            if columns is None:
                columns = _columns([cell.lower() for cell in cells])
                if columns is not None:
                    continue
                columns = (0, 1)
            yield number, _cells(cells, columns)


def _columns(names: list[str]) -> tuple[int, int | None] | None:
    """Where host and port stand, if these are names of columns."""
    host = next((names.index(name) for name in _HOST_COLUMNS if name in names), None)
    return None if host is None else (host, names.index("port") if "port" in names else None)


def _cells(cells: list[str], columns: tuple[int, int | None]) -> Any:
    host = cells[columns[0]] if columns[0] < len(cells) else ""
    port = cells[columns[1]] if columns[1] is not None and columns[1] < len(cells) else ""
    return (host, port) if port else host


def _rows_of(table: Any) -> Iterator[tuple[int, Any]]:
    names = [str(name).lower() for name in table.columns]
    columns = _columns(names) or (0, None)
    for number, row in enumerate(table.itertuples(index=False), 1):
        port = None if columns[1] is None else row[columns[1]]
        host = row[columns[0]]
        yield number, host if port is None or port != port else (host, int(port))  # noqa: PLR0124 - NaN is not itself


def _target(item: Any, port: int) -> Target | None:
    """The target, or None for an empty line and a comment.

    Raises:
        ValueError: it is none.
    """
    if isinstance(item, _Labelled):
        target = _target(item.item, port)
        return target and target._replace(label=item.label)
    if isinstance(item, Target):
        Endpoint.of(item.host, item.port)
        return item
    if is_sandbox(item):
        return _checked(item.host, item.port)
    if isinstance(item, str):
        text = item.partition("#")[0].strip() if not item.lstrip().startswith("#") else ""
        return _parsed(text, port) if text else None
    if isinstance(item, tuple | list) and len(item) == 2:
        host, given = item
        if isinstance(host, str) and host.lstrip().startswith("#"):
            return None
        return _checked(host.strip() if isinstance(host, str) else host, _number(given))
    raise ValueError(f"no target: it is 'host', 'host:port' or (host, port), not {type(item).__name__}")


def _parsed(text: str, port: int) -> Target:
    if "://" in text:
        raise ValueError("a URL, not a host: give the name alone")
    if text.startswith("["):  # [2001:db8::1]:587, RFC 3986 §3.2.2
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")) or ":" not in host:
            raise ValueError("an IPv6 address stands in brackets whole: [2001:db8::1] or [2001:db8::1]:587")
        return _checked(host.removeprefix("IPv6:"), _number(rest[1:]) if rest else port)
    host, colon, rest = text.rpartition(":")
    if colon and ":" not in host:
        return _checked(host, _number(rest))
    return _checked(text, port)


def _checked(host: Any, port: int) -> Target:
    endpoint = Endpoint.of(host, port)
    return Target(endpoint.host, endpoint.port)


def _number(text: Any) -> int:
    if isinstance(text, str):
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"{text!r} is no port: it is a number from 1 to 65535")
        return int(text[:6])
    return int(text)
