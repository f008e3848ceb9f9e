"""The envelope of a message: who sends to whom, and the commands that say so (RFC 5321 §2.3.1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Final

from smtpnb.frozen import maker
from smtpnb.protocol.command import Batch, Command, mail_command, rcpt_command, with_parameters
from smtpnb.protocol.path import path

_DATA: Final = Command("DATA")

#: The loop of a comprehension is a Python function.
_ordinary: Final = attrgetter("ordinary")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom, checked, and the commands that say so.

    Attributes:
        sender: the reverse-path.
        recipients: the forward-paths.
        parameters: what goes with MAIL.
        batch: MAIL, a RCPT for each recipient, and DATA.
        ordinary: whether no address of it needs a second look.
    """

    sender: str
    recipients: tuple[str, ...]
    parameters: tuple[str, ...]
    batch: Batch
    ordinary: bool

    @classmethod
    def of(
        cls,
        sender: str,
        recipients: str | Iterable[str],
        mail_parameters: Sequence[str] = (),
        rcpt_parameters: Sequence[str] = (),
    ) -> "Envelope":
        """The envelope, its addresses and parameters checked.

        Raises:
            ValueError: no recipient, or an address or parameter that cannot be sent.
            TypeError: an argument of the wrong kind.
        """
        to = (recipients,) if isinstance(recipients, str) else tuple(recipients)
        if mail_parameters or rcpt_parameters or len(to) != 1:
            given = tuple(mail_parameters), tuple(rcpt_parameters)  # each is read more than once
            return _envelope(sender, tuple(dict.fromkeys(to)), *given)
        known = type(sender) is type(to[0]) is str and len(sender) + len(to[0]) < _USUAL
        return (_envelope_of_one if known else _envelope)(sender, to)

    def with_parameters(self, found: Sequence[str]) -> "Envelope":
        """The same with more parameters behind those of MAIL."""
        mail, *others = self.batch.commands
        more = with_parameters(mail, found)
        octets = more.octets + self.batch.octets[len(mail.octets) :]
        batch = _batch((more, *others), octets, ends_in_data=True)
        return _made(self.sender, self.recipients, (*self.parameters, *found), batch, self.ordinary)


_made: Final = maker(Envelope)
_batch: Final = maker(Batch)

#: Characters in the two addresses of an envelope that may be remembered.
_USUAL: Final = 256


def _envelope(
    sender: str,
    recipients: tuple[str, ...],
    mail_parameters: Sequence[str] = (),
    rcpt_parameters: Sequence[str] = (),
) -> Envelope:
    if not recipients or not all(recipients):
        raise _no_recipient(recipients)
    rcpts = [rcpt_command(address, rcpt_parameters) for address in recipients]
    mail = mail_command(sender, mail_parameters)
    ordinary = mail.ordinary and all(map(_ordinary, rcpts))
    bare = sender if mail.ordinary else path(sender)[1:-1]
    return Envelope(bare, recipients, tuple(mail_parameters), Batch.of((mail, *rcpts, _DATA)), ordinary)


#: The same people write, and are written to, again and again.
_envelope_of_one: Final = lru_cache(maxsize=256)(_envelope)


def _no_recipient(to: Sequence[str]) -> ValueError:
    if not to:
        return ValueError("there is no recipient: give one address or several")
    return ValueError("a recipient is empty: only the sender may be, as the null reverse-path")
