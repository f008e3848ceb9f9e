"""A sandbox at one moment, as a frozen value: who lives here, what is switched on, what came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smtpnb.displayable import Displayable
from smtpnb.sandbox.mailbox import CapturedMessage
from smtpnb.sandbox.record import SessionRecord

#: Messages, and sessions, that are shown.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class SandboxDescription(Displayable):
    """All about a sandbox; no password, and no port that the system chose.

    Attributes:
        name: what it calls itself, with its state.
        users: the logins.
        mailboxes: the addresses.
        lists: each list with its members.
        redirected: each address whose mail goes on or that moved, with the new one.
        offers: the EHLO lines, in the clear.
        offers_in_tls: those inside TLS, where they differ by more than STARTTLS.
        options: what is switched on that is no behaviour, in words.
        behaviours: the behaviours, as they were asked for.
        messages: what it received.
        sessions: the sessions as the server saw them.
    """

    name: str
    users: tuple[str, ...] = ()
    mailboxes: tuple[str, ...] = ()
    lists: tuple[tuple[str, str], ...] = ()
    redirected: tuple[tuple[str, str], ...] = ()
    offers: tuple[str, ...] = ()
    offers_in_tls: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    behaviours: tuple[str, ...] = ()
    messages: tuple[CapturedMessage, ...] = ()
    sessions: tuple[SessionRecord, ...] = ()

    @property
    def facts(self) -> Iterator[tuple[str, str]]:
        """What it is like, a name and a text each."""
        yield "users", ", ".join(self.users) or "none"
        yield "mailboxes", ", ".join(self.mailboxes) or "none"
        yield from ((f"list {name}", members) for name, members in self.lists)
        yield from ((f"{old}", new) for old, new in self.redirected)
        yield "offers", ", ".join(self.offers) or "no extension"
        if self.offers_in_tls:
            yield "offers in TLS", ", ".join(self.offers_in_tls)
        yield from (("option", option) for option in self.options)
        yield from (("behaviour", behaviour) for behaviour in self.behaviours)

    def to_text(self) -> str:
        """The same, line by line."""
        lines = [f"Sandbox {self.name}", *(f"  {name}: {text}" for name, text in self.facts)]
        return "\n".join([*lines, *newest(self.messages), *newest(self.sessions)])


def newest(values: Sequence[object]) -> Iterator[str]:
    """The last few as lines, those before counted."""
    if len(values) > SHOWN:
        yield f"  … {len(values) - SHOWN:,} before"
    yield from (f"  {value!r}" for value in values[-SHOWN:])
