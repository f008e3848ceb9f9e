"""A whole message sent: `client.send_mail` and `client.send_message`, built on the verbs.

Where PIPELINING is offered, MAIL, every RCPT and DATA are one write; where CHUNKING is, large or binary content goes
by BDAT. What the message needs and the server lacks is refused before a byte is sent. Every status is read, a refused
recipient does not lose the others, and the transaction never stays open.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from smtpnb.delivery import Delivery, delivery
from smtpnb.errors import SmtpDisconnected, SmtpError, SmtpProtocolError
from smtpnb.frozen import maker, quick
from smtpnb.pipeline import end_unwanted_data
from smtpnb.progress import shown_progress
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.protocol.command import Command, mail_command, rcpt_command, with_parameters
from smtpnb.protocol.content import Content, known_size, measured, pieces, small, wire_lines
from smtpnb.protocol.conversation import Conversation, Stage
from smtpnb.protocol.limits import PIECE
from smtpnb.protocol.message import Needs, needs, needs_of_whole
from smtpnb.protocol.path import path
from smtpnb.protocol.reply import SmtpReply
from smtpnb.recorder import Group
from smtpnb.text import visible
from smtpnb.transport.sockets import in_time

if TYPE_CHECKING:
    from smtpnb.client import SmtpClient

#: Octets from which content goes by BDAT where it can: below, one write after DATA is as fast and known to all servers.
_LARGE: Final = 2 * PIECE

_DATA: Final = Command("DATA")


@quick
@dataclass(frozen=True, slots=True)
class Mail:
    """What a user wants sent: envelope, parameters, content; checked.

    Attributes:
        sender: the reverse-path.
        recipients: the forward-paths.
        content: what to send.
        mail_parameters: what goes with MAIL.
        mail: the MAIL command.
        rcpts: a RCPT command for each recipient.
    """

    sender: str
    recipients: tuple[str, ...]
    content: Content
    mail_parameters: tuple[str, ...]
    mail: Command
    rcpts: tuple[Command, ...]

    @classmethod
    def of(
        cls,
        sender: str,
        recipients: str | Iterable[str],
        content: Content,
        mail_parameters: Sequence[str],
        rcpt_parameters: Sequence[str],
    ) -> "Mail":
        """The mail, its addresses and parameters checked.

        Raises:
            ValueError: no recipient, or an address or parameter that cannot be sent.
            TypeError: an argument of the wrong kind.
        """
        to = (recipients,) if isinstance(recipients, str) else tuple(dict.fromkeys(recipients))
        if not to:
            raise ValueError("there is no recipient: give one address or several")
        if not all(to):
            raise ValueError("a recipient is empty: only the sender may be, as the null reverse-path")
        rcpts = tuple([rcpt_command(address, rcpt_parameters) for address in to])
        mail = mail_command(sender, mail_parameters)
        if type(content) is not bytes:
            pieces(content)  # refuses what is no content
        bare = sender if mail.ordinary else path(sender)[1:-1]
        return _mail(bare, to, content, tuple(mail_parameters), mail, rcpts)


@quick
@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as one server will get it.

    Attributes:
        mail: what is sent.
        envelope: MAIL and each RCPT, and DATA where all of them go out in one write.
        parameters: what goes with MAIL, those that were found to be needed included.
        wire: the content as it goes over the wire, where it is small.
        chunked: whether the content goes by BDAT.
        verbatim: whether its octets go as they are (BINARYMIME).
        at_once: whether the envelope goes out in one write.
    """

    mail: Mail
    envelope: tuple[Command, ...]
    parameters: tuple[str, ...]
    wire: bytes | None
    chunked: bool
    verbatim: bool
    at_once: bool


_mail: Final = maker(Mail)
_letter: Final = maker(Letter)


def delivered(client: "SmtpClient", letter: Letter, *, progress: bool = False) -> Delivery:
    """What became of `letter`: the envelope, then the content if anyone will have it.

    Raises:
        SmtpProtocolError: a 3xx where nothing more is expected, or none where the content is.
    """
    mail = letter.mail
    replies = _envelope(client, letter)
    if replies is None:
        final = _content(client, letter, progress=progress)
        accepted = mail.recipients if _agreed(final) else ()
        return delivery(mail.sender, accepted, {}, final, letter.parameters, mail.recipients)
    refused = _refused(mail.recipients, replies)
    willing = tuple([to for to in mail.recipients if to not in refused])
    final = _content(client, letter, replies[-1], progress=progress) if willing else _given_up(client, replies)
    return delivery(mail.sender, willing if _agreed(final) else (), refused, final, letter.parameters, mail.recipients)


def _agreed(reply: SmtpReply) -> bool:
    """Whether the server took it on: 3xx asks for more, and so is no promise."""
    return 200 <= reply.code < 300


def _envelope(client: "SmtpClient", letter: Letter) -> list[SmtpReply] | None:
    """The replies to MAIL, each RCPT, and DATA; None where all of them are what they should be."""
    if letter.at_once:
        return _envelope_at_once(client, letter)
    replies: list[SmtpReply] = []
    for command in letter.envelope:
        replies.append(client._exchange(command))  # noqa: SLF001 - the other half of one thing
        if replies[-1].code == 421 or not _agreed(replies[0]):
            return replies
    if not letter.chunked and client.conversation.stage is Stage.RECIPIENTS:
        replies.append(client.data())
    return replies


def _envelope_at_once(client: "SmtpClient", letter: Letter) -> list[SmtpReply] | None:
    group = Envelope(letter)
    try:
        client._exchange_group(group)  # noqa: SLF001 - as above
        if group.granted:
            return None
        end_unwanted_data(client, group.replies())
    except SmtpDisconnected:
        if 421 not in group.codes[-1:]:
            raise
    return group.replies()  # up to a 421, which ended the session


class Envelope(Group):
    """The envelope of a letter in one write.

    Args:
        letter: whose it is.
    """

    __slots__ = ("_letter",)

    def __init__(self, letter: Letter) -> None:
        super().__init__(letter.envelope)
        self._letter = letter

    @property
    def granted(self) -> bool:
        """Whether all of it was granted."""
        codes = self.codes
        if len(codes) < len(self.commands):
            return False
        return max(codes) < 300 if self._letter.chunked else codes[-1] == 354 and max(codes[:-1]) < 300

    def after(self) -> Conversation:
        """Where the session stands after it: nearly always it is granted whole, and then there is a shorter way."""
        letter, before = self._letter, self.before
        if letter.chunked or not self.granted or before.stage is not Stage.READY:
            return super().after()
        if not all(each.ordinary for each in self.commands[:-1]):
            return super().after()
        return before.after_envelope(letter.mail.sender, letter.mail.recipients)


def _refused(recipients: Sequence[str], replies: Sequence[SmtpReply]) -> dict[str, SmtpReply]:
    """Recipient → the reply that refused it: to its RCPT, to MAIL, or the 421 that came before either."""
    if not _agreed(replies[0]):
        return dict.fromkeys(recipients, replies[0])
    answers = zip_longest(recipients, replies[1 : 1 + len(recipients)], fillvalue=replies[-1])
    return {str(to): reply for to, reply in answers if not _agreed(reply)}


def _content(client: "SmtpClient", letter: Letter, last: SmtpReply | None = None, *, progress: bool) -> SmtpReply:
    """The reply that decides: to the content, or to a DATA that was refused (`last`)."""
    if client.conversation.stage is Stage.DATA:
        return _settled(client, _by_data(client, letter, progress=progress))
    if last is None or (letter.chunked and client.connected):
        return _settled(client, _by_bdat(client, letter, progress=progress))
    return _settled(client, last, wanted="354")


def _settled(client: "SmtpClient", reply: SmtpReply, wanted: str = "2xx, 4xx or 5xx") -> SmtpReply:
    """The reply that decides, its transaction closed where it is a refusal."""
    if reply.success and (wanted == "354" or not _agreed(reply)):
        client._fail(_out_of_place(reply, wanted))  # noqa: SLF001 - the other half of one thing
    return reply if _agreed(reply) else _after_reset(client, reply)


def _out_of_place(reply: SmtpReply, wanted: str) -> SmtpProtocolError:
    return SmtpProtocolError(
        f"the server answered {reply.shown_command} with {reply.shown}, where {wanted} belongs",
        cause="It is broken, or out of step with this client: whether it took the message cannot be known.",
        advice="connect() again, and look whether the message was delivered",
    )


def _by_data(client: "SmtpClient", letter: Letter, *, progress: bool) -> SmtpReply:
    if letter.wire is None or progress:
        return client.data_body(letter.mail.content, progress=progress)
    return client._upload_whole(letter.wire)  # noqa: SLF001 - as above


def _given_up(client: "SmtpClient", replies: Sequence[SmtpReply]) -> SmtpReply:
    """The reply that decided against it, once the transaction is closed: the first refusal."""
    refusal = next((reply for reply in replies if not _agreed(reply)), replies[-1])
    return _after_reset(client, refusal)


def _after_reset(client: "SmtpClient", reply: SmtpReply) -> SmtpReply:
    if client.connected and client.conversation.reverse_path is not None:
        client.rset()
    return reply


def _by_bdat(client: "SmtpClient", letter: Letter, *, progress: bool) -> SmtpReply:
    """The reply to the last chunk, or to the first that was refused (RFC 3030 §2)."""
    content = letter.mail.content
    chunks = pieces(content, heed=partial(in_time, client._deadline()))  # noqa: SLF001 - as above
    octets = chunks if letter.verbatim else wire_lines(chunks)
    if progress:
        octets = shown_progress(octets, known_size(content))
    try:
        return _last_chunk(client, octets)
    except BaseException as error:  # content that ends midway must never get its last chunk
        if client.connected:
            client._fail(error)  # noqa: SLF001 - as above
        raise


def _last_chunk(client: "SmtpClient", octets: Iterator[bytes]) -> SmtpReply:
    waiting = b""
    for piece in octets:
        if waiting:
            reply = client.bdat(waiting)
            if not _agreed(reply):
                return reply
        waiting = piece
    return client.bdat(waiting, last=True)


# -- what a message needs, and what the server offers ----------------------------------------------------------


def prepared(capabilities: Capabilities, mail: Mail) -> Letter:
    """The mail for a server that offers `capabilities`, with the parameters that it needs.

    Raises:
        SmtpError: the message needs what the server does not offer; nothing was sent.
    """
    octets = small(mail.content)
    if octets is None:
        wire, needed = None, needs(mail.content)
    else:
        wire, size = measured(octets)
        needed = needs_of_whole(octets, size)
    found = _found_parameters(capabilities, needed, mail)
    parameters = (*mail.mail_parameters, *found) if found else mail.mail_parameters
    binary = "BODY=BINARYMIME" in parameters
    large = binary or needed.size is None or needed.size >= _LARGE
    chunked = large and "CHUNKING" in capabilities
    command = with_parameters(mail.mail, found) if found else mail.mail
    at_once = "PIPELINING" in capabilities
    envelope = (command, *mail.rcpts, _DATA) if at_once and not chunked else (command, *mail.rcpts)
    return _letter(mail, envelope, parameters, wire, chunked, binary, at_once)


def _keywords(parameters: Sequence[str]) -> set[str]:
    return {parameter.partition("=")[0].upper() for parameter in parameters}


def _found_parameters(capabilities: Capabilities, needed: Needs, mail: Mail) -> tuple[str, ...]:
    given = _keywords(mail.mail_parameters) if mail.mail_parameters else ()
    parameters = []
    if needed.size is not None and "SIZE" not in given and "SIZE" in capabilities:
        _refuse_too_large(capabilities, needed.size)
        parameters.append(f"SIZE={needed.size}")
    if "BODY" not in given and (body := _body(capabilities, needed)):
        parameters.append(body)
    if "SMTPUTF8" not in given and _is_international(needed, mail):
        _refuse_without(capabilities, "SMTPUTF8", "an address or header field is not ASCII")
        parameters.append("SMTPUTF8")
    return tuple(parameters)


def _is_international(needed: Needs, mail: Mail) -> bool:
    return needed.international_header or not ("".join(mail.recipients) + mail.sender).isascii()


def _body(capabilities: Capabilities, needed: Needs) -> str:
    if needed.binary:
        _refuse_without(capabilities, "BINARYMIME", "the content holds NUL, which lines of text cannot")
        return "BODY=BINARYMIME"
    if needed.eight_bit:
        _refuse_without(capabilities, "8BITMIME", "the content holds octets above 127")
    # Content that can be read only once may hold such octets; declaring them costs nothing where it is offered.
    return "BODY=8BITMIME" if needed.eight_bit is not False and "8BITMIME" in capabilities else ""


def _refuse_too_large(capabilities: Capabilities, size: int) -> None:
    if capabilities.size and size > capabilities.size:
        raise SmtpError(
            f"the message has {size:,} octets, and the server takes {capabilities.size:,}; nothing was sent",
            cause="The server says so in its answer to EHLO: capabilities.size (RFC 1870).",
            advice=("send less, or send a link to it", "SIZE= in mail_parameters sends it all the same"),
        )


def _refuse_without(capabilities: Capabilities, keyword: str, why: str) -> None:
    if keyword not in capabilities:
        offered = visible(", ".join(capabilities)) or "nothing"
        raise SmtpError(
            f"{why}, and the server does not offer {keyword}; nothing was sent",
            cause=f"It offers {offered}.",
            advice=("encode the content (base64, quoted-printable), and use ASCII addresses", "use another server"),
        )
