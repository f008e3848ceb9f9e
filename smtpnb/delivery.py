"""What became of a message: a frozen `Delivery`. A refused recipient does not lose the others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from smtpnb.displayable import Displayable
from smtpnb.errors import SmtpReplyError
from smtpnb.frozen import maker, quick
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import plural, visible

#: How servers name the queued message in the last reply: Postfix and the sandbox; OpenSMTPD and Sendmail; Exim; qmail;
#: Exchange; others; Gmail (behind its clock). A guess by form, as no RFC has it.
_QUEUE_IDS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bqueued as ([\w.:-]+)",
        r"([\w.-]+) message accepted for delivery",
        r"\bok id=([\w.-]+)",
        r"\bok [0-9]+ qp ([0-9]+)",
        r"\[internalid=([0-9]+)",
        r"\bmessage queued \(?([\w.-]+)\)?",
        r"\bok +[0-9]{10} +([\w.-]+) - gsmtp\b",
    )
)


@quick
@dataclass(frozen=True, slots=True)
class Delivery(Displayable):
    """What became of a message.

    Attributes:
        sender: the reverse-path.
        accepted: the recipients for whom the server took the message on; empty where it did not.
        refused: recipient → the reply that refused it.
        reply: the last reply that decides: to the content, or the one that ended the transaction before it.
        mail_parameters: what went with MAIL, those that were found to be needed included.
        recipients: all recipients, in order.
    """

    sender: str
    accepted: tuple[str, ...]
    refused: Mapping[str, SmtpReply]
    reply: SmtpReply
    mail_parameters: tuple[str, ...] = ()
    recipients: tuple[str, ...] = field(default=(), repr=False)

    @property
    def success(self) -> bool:
        """Whether the server took the message on for at least one recipient."""
        return bool(self.accepted)

    @property
    def queue_id(self) -> str | None:
        """The name the server gave the message, as far as its words tell; it is what its log calls it."""
        if not self.accepted:
            return None
        for pattern in _QUEUE_IDS:
            match = pattern.search(self.reply.message)
            if match:
                return match[1].rstrip(".")
        return None

    def raise_for_status(self) -> "Delivery":
        """This delivery, where every recipient was accepted.

        Raises:
            SmtpReplyError: one was refused, or the message was; it has the reply.
        """
        if self.accepted and not self.refused:
            return self
        replies = (*self.refused.values(), self.reply)
        raise SmtpReplyError(next((reply for reply in replies if reply.code >= 400), replies[0]))

    def to_text(self) -> str:
        """The outcome, a line for each recipient."""
        lines = [f"From <{visible(self.sender)}>: {self.reply.shown}"]
        accepted = set(self.accepted)
        for recipient in self.recipients:
            refusal = self.refused.get(recipient)
            outcome = "accepted" if recipient in accepted else "not delivered"
            lines.append(f"  <{visible(recipient)}>: {f'refused: {refusal.shown}' if refusal else outcome}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        queued = f", queued as {visible(self.queue_id)}" if self.queue_id else ""
        return f"<Delivery: {plural(len(self.accepted), 'recipient')} accepted, {len(self.refused)} refused{queued}>"


#: Makes a `Delivery`, quickly: there is one for each message.
delivery: Final = maker(Delivery)
