"""The cards of a sandbox: who lives there, what is switched on, what it received and heard; of a proxy's changes."""

from collections.abc import Iterator
from typing import Any, Final

from smtpnb.display import kit
from smtpnb.display.excerpt import excerpt
from smtpnb.text import plural

#: Messages, sessions and lines of a session that a card shows.
_SHOWN: Final = 20
_LINES: Final = 60

#: Characters of a name: of an option, or of a list.
_NAME: Final = 200

#: The names of facts that are words of ours; the others are addresses.
_OURS: Final = ("users", "mailboxes", "offers", "offers in TLS", "option", "behaviour")


def sandbox_card(sandbox: Any) -> kit.Element:
    """A sandbox's description as a card."""
    return kit.card(
        kit.INFO,
        kit.heading(kit.title("Sandbox"), " ", kit.said(sandbox.name)),
        kit.facts(_fact(name, text) for name, text in sandbox.facts),
        _folded(plural(len(sandbox.messages), "message"), sandbox.messages),
        _sessions(sandbox.sessions),
    )


def _fact(name: str, text: str) -> tuple[kit.Node, kit.Node]:
    """A row; a list's address stands with its members, as a narrow first column would break it."""
    kind, _, address = name.partition(" ")
    if "@" in address:
        return kind.capitalize(), [kit.said(address, _NAME), ": ", kit.said(text)]
    if name in _OURS:
        return f"{name[:1].upper()}{name[1:]}:", kit.said(text)
    return [kit.prose(name, _NAME), ":"], kit.said(text)


def _folded(summary: str, values: tuple[Any, ...]) -> kit.Node:
    if not values:
        return kit.section(kit.muted(f"{summary} so far"))
    return kit.folded(summary, [kit.section(kit.said(repr(value))) for value in values[-_SHOWN:]], is_open=True)


def _sessions(sessions: tuple[Any, ...]) -> kit.Node:
    summary = plural(len(sessions), "session")
    if not sessions:
        return kit.section(kit.muted(f"{summary} so far"))
    each = (kit.folded(kit.said(repr(record)), list(_lines(record))) for record in sessions[-_SHOWN:])
    return kit.folded(f"{summary}, as the server saw them", list(each), is_open=True)


def session_record_card(record: Any) -> kit.Element:
    """A session as the server saw it: `<-` from the client, `->` to it."""
    heading = kit.heading(kit.title(f"Session {record.number}"), " as the server saw it")
    return kit.card(kit.INFO, heading, list(_lines(record)))


def change_card(change: Any) -> kit.Element:
    """What somebody in between made of a reply: `-` before what came, `+` before what the client got in its place."""
    what = kit.heading(kit.title("Changed on the way: "), kit.said(change.command), f" in session {change.session}")
    legend = kit.section(kit.muted("- is what came; + is what the client got in its place."))
    return kit.card(kit.BAD, what, list(_lines(change)), legend)


def _lines(record: Any) -> Iterator[kit.Element]:
    lines = record.to_text().split("\n")
    shown = excerpt(len(lines), _LINES)
    yield from (kit.section(kit.said(lines[position])) for position in shown.first)
    if shown.left_out:
        yield kit.section(kit.muted(f"… {plural(shown.left_out, 'more line')} …"))
    yield from (kit.section(kit.said(lines[position])) for position in shown.last)
