"""What the sandbox received: captured messages, and the box they wait in.

Nothing is ever delivered anywhere else.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final, overload

from smtpnb.displayable import Displayable
from smtpnb.envelope import EnvelopeView, envelope_view
from smtpnb.text import plural, visible

#: Octets of content that one sandbox keeps; beyond, messages are refused with 452 4.3.1 until `clear()`.
CAPACITY: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CapturedMessage(Displayable):
    """A message as the server got it, envelope and content.

    Attributes:
        sender: the reverse-path; empty for the null reverse-path.
        recipients: the forward-paths as RCPT gave them, in order; lists are not expanded.
        mailboxes: where it went, lists expanded, each once.
        parameters: the parameters of MAIL, as given.
        recipient_parameters: those of each RCPT, in the order of `recipients`.
        raw: the content, transparency undone (RFC 5321 §4.5.2).
        wire: what came behind the 354: stuffed dots and the end of mail data included; with BDAT, the chunks joined.
        helo: the name the client gave with EHLO or HELO.
        secure: whether it came through TLS.
        authenticated_as: the login, or None.
        session: the number of the session it came in, from 1.
        number: the number in its queue id, from 1.
    """

    sender: str
    recipients: tuple[str, ...]
    raw: bytes = field(repr=False)
    wire: bytes = field(repr=False)
    mailboxes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    recipient_parameters: tuple[tuple[str, ...], ...] = ()
    helo: str = ""
    secure: bool = False
    authenticated_as: str | None = None
    session: int = 0
    number: int = 0

    @property
    def email(self) -> EmailMessage:
        """The content as the standard library reads it, header fields and body."""
        utf8 = "SMTPUTF8" in (parameter.upper() for parameter in self.parameters)
        return message_from_bytes(self.raw, policy=policy.SMTPUTF8 if utf8 else policy.SMTP)

    def envelope_view(self) -> EnvelopeView:
        """The envelope beside the header section, with what differs marked."""
        return envelope_view(f"Message {self.number}", self.sender, self.recipients, self.raw)

    def to_text(self) -> str:
        """The envelope, then the content, nothing hidden in it."""
        envelope = [f"MAIL FROM:<{self.sender}>", *(f"RCPT TO:<{recipient}>" for recipient in self.recipients)]
        content = self.raw.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
        return "\n".join(visible(line) for line in (*envelope, "", *content))

    def __repr__(self) -> str:
        to = ", ".join(f"<{recipient}>" for recipient in self.recipients[:3])
        more = f" and {len(self.recipients) - 3} more" if len(self.recipients) > 3 else ""
        sizes = plural(len(self.raw), "octet")
        return visible(f"<CapturedMessage {self.number} from <{self.sender}> to {to}{more}, {sizes}>")


class Mailbox(Displayable, Sequence[CapturedMessage]):
    """The messages received so far, in order; safe to read while sessions go on."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._messages: list[CapturedMessage] = []
        self._lock = threading.Lock()
        self._free = capacity
        self._capacity = capacity
        self._numbers = 0

    def deliver(self, message: CapturedMessage) -> CapturedMessage | None:
        """Keeps `message`: the same with its number, or None where there is no room for it."""
        with self._lock:
            if len(message.raw) > self._free:
                return None
            self._free -= len(message.raw)
            self._numbers += 1
            kept = replace(message, number=self._numbers)
            self._messages.append(kept)
            return kept

    def clear(self) -> None:
        """Throws all messages away; numbers go on."""
        with self._lock:
            self._messages.clear()
            self._free = self._capacity

    @overload
    def __getitem__(self, index: int) -> CapturedMessage: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CapturedMessage]: ...
    def __getitem__(self, index: int | slice) -> CapturedMessage | Sequence[CapturedMessage]:
        with self._lock:
            return self._messages[index]

    def __iter__(self) -> Iterator[CapturedMessage]:
        with self._lock:
            return iter(self._messages.copy())

    def __len__(self) -> int:
        return len(self._messages)

    def __repr__(self) -> str:
        return f"<Mailbox, {plural(len(self), 'message')}>"
