"""A whole message sent: `client.send_mail` and `client.send_message`, built on the verbs.

Where PIPELINING is offered, MAIL, every RCPT and DATA are one write; where CHUNKING is, large or binary content goes
by BDAT. What the message needs and the server lacks is refused before a byte is sent. Every status is read, a refused
recipient does not lose the others, and the transaction never stays open.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from smtpnb.delivery import Delivery, delivery
from smtpnb.errors import SmtpError, SmtpProtocolError
from smtpnb.pipeline import end_unwanted_data
from smtpnb.progress import shown_progress
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.protocol.command import Command, mail_command, rcpt_command, with_parameters
from smtpnb.protocol.content import Content, known_size, measured, pieces, small, wire_lines
from smtpnb.protocol.conversation import Stage
from smtpnb.protocol.limits import PIECE
from smtpnb.protocol.message import NOTHING, Needs, needs, needs_of_whole
from smtpnb.protocol.path import path
from smtpnb.protocol.reply import SmtpReply
from smtpnb.text import visible
from smtpnb.transport.sockets import in_time

if TYPE_CHECKING:
    from smtpnb.client import SmtpClient

#: Octets from which content goes by BDAT where it can: below, one write after DATA is as fast and known to all servers.
_LARGE: Final = 2 * PIECE

_DATA: Final = Command("DATA")


class Mail(NamedTuple):
    """What a user wants sent: envelope, parameters, content; checked.

    Attributes:
        sender: the reverse-path.
        recipients: the forward-paths.
        content: what to send.
        mail_parameters: what goes with MAIL.
        mail: the MAIL command.
        rcpts: a RCPT command for each recipient.
        ordinary: whether no address of it needs a second look.
    """

    sender: str
    recipients: tuple[str, ...]
    content: Content
    mail_parameters: tuple[str, ...]
    mail: Command
    rcpts: list[Command]
    ordinary: bool

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
        if not to or not all(to):
            raise _no_recipient(to)
        rcpts = [rcpt_command(address, rcpt_parameters) for address in to]
        mail = mail_command(sender, mail_parameters)
        if type(content) is not bytes:
            pieces(content)  # refuses what is no content
        ordinary = mail.ordinary and all(map(_ordinary, rcpts))
        bare = sender if mail.ordinary else path(sender)[1:-1]
        return _new(cls, (bare, to, content, tuple(mail_parameters), mail, rcpts, ordinary))


def _no_recipient(to: Sequence[str]) -> ValueError:
    if not to:
        return ValueError("there is no recipient: give one address or several")
    return ValueError("a recipient is empty: only the sender may be, as the null reverse-path")


class Letter(NamedTuple):
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
    envelope: list[Command]
    parameters: tuple[str, ...]
    wire: bytes | None
    chunked: bool
    verbatim: bool
    at_once: bool


#: The __new__ of a named tuple is a Python function, and so is the loop of a comprehension.
_new: Final = tuple.__new__
_ordinary: Final = attrgetter("ordinary")


def delivered(client: "SmtpClient", letter: Letter, *, progress: bool = False) -> Delivery:
    """What became of `letter`: the envelope, then the content if anyone will have it.

    Raises:
        SmtpProtocolError: a 3xx where nothing more is expected, or none where the content is.
    """
    mail = letter.mail
    replies = _envelope_at_once(client, letter) if letter.at_once else _envelope(client, letter)
    if replies:
        return _delivered_to_some(client, letter, replies, progress=progress)
    final = _by_data(client, letter, progress=progress)
    accepted = mail.recipients if _agreed(final) else ()
    return delivery(mail.sender, accepted, {}, final, letter.parameters, mail.recipients)


def _delivered_to_some(
    client: "SmtpClient", letter: Letter, replies: Sequence[SmtpReply], *, progress: bool
) -> Delivery:
    """What becomes of it after `replies` to the envelope: there may be refusals among them."""
    mail = letter.mail
    refused = _refused(mail.recipients, replies)
    willing = tuple([to for to in mail.recipients if to not in refused])
    final = _content(client, letter, replies[-1], progress=progress) if willing else _given_up(client, replies)
    return delivery(mail.sender, willing if _agreed(final) else (), refused, final, letter.parameters, mail.recipients)


def _agreed(reply: SmtpReply) -> bool:
    """Whether the server took it on: 3xx asks for more, and so is no promise."""
    return 200 <= reply.code < 300


def _envelope(client: "SmtpClient", letter: Letter) -> list[SmtpReply]:
    """The replies to MAIL, each RCPT, and DATA."""
    replies: list[SmtpReply] = []
    for command in letter.envelope:
        replies.append(client._exchange(command))  # noqa: SLF001 - the other half of one thing
        if replies[-1].code == 421 or not _agreed(replies[0]):
            return replies
    if not letter.chunked and client.conversation.stage is Stage.RECIPIENTS:
        replies.append(client.data())
    return replies


def _envelope_at_once(client: "SmtpClient", letter: Letter) -> Sequence[SmtpReply]:
    """As `_envelope`, by one write; empty where all of it was granted."""
    group = client._exchange_group(letter.envelope, mail=letter.mail)  # noqa: SLF001 - as above
    if group.granted:
        return ()
    replies = group.replies()
    if not group.farewell:
        end_unwanted_data(client, replies)
    return replies


def _refused(recipients: Sequence[str], replies: Sequence[SmtpReply]) -> dict[str, SmtpReply]:
    """Recipient → the reply that refused it: to its RCPT, to MAIL, or the 421 that came before either."""
    if not _agreed(replies[0]):
        return dict.fromkeys(recipients, replies[0])
    answers = zip_longest(recipients, replies[1 : 1 + len(recipients)], fillvalue=replies[-1])
    return {str(to): reply for to, reply in answers if not _agreed(reply)}


def _content(client: "SmtpClient", letter: Letter, last: SmtpReply, *, progress: bool) -> SmtpReply:
    """The reply that decides: to the content, or to a DATA that was refused (`last`)."""
    if client.conversation.stage is Stage.DATA:
        return _by_data(client, letter, progress=progress)
    if letter.chunked and client.connected:
        return _settled(client, _by_bdat(client, letter, progress=progress))
    if last.success:
        client._fail(_out_of_place(last, "354"))  # noqa: SLF001 - the other half of one thing
    return _after_reset(client, last)


def _settled(client: "SmtpClient", reply: SmtpReply) -> SmtpReply:
    """The reply that decides, its transaction closed where it is a refusal."""
    if _agreed(reply):
        return reply
    if reply.success:
        client._fail(_out_of_place(reply, "2xx, 4xx or 5xx"))  # noqa: SLF001 - as above
    return _after_reset(client, reply)


def _out_of_place(reply: SmtpReply, wanted: str) -> SmtpProtocolError:
    return SmtpProtocolError(
        f"the server answered {reply.shown_command} with {reply.shown}, where {wanted} belongs",
        cause="It is broken, or out of step with this client: whether it took the message cannot be known.",
        advice="connect() again, and look whether the message was delivered",
    )


def _by_data(client: "SmtpClient", letter: Letter, *, progress: bool) -> SmtpReply:
    """The reply to the content, once DATA was granted."""
    if letter.wire is None or progress:
        return _settled(client, client.data_body(letter.mail.content, progress=progress))
    return _settled(client, client._upload_whole(letter.wire))  # noqa: SLF001 - as above


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
        wire, (size, needed) = None, needs(mail.content)
    else:
        (wire, size), needed = measured(octets), needs_of_whole(octets)
    command, parameters = mail.mail, mail.mail_parameters
    found = _size(capabilities, size, parameters) if "SIZE" in capabilities else []
    if needed is not NOTHING or not mail.ordinary:
        found += _extensions(capabilities, needed, mail)
    if found:
        command, parameters = with_parameters(command, found), (*parameters, *found)
    binary = "BODY=BINARYMIME" in parameters
    chunked = (binary or size is None or size >= _LARGE) and "CHUNKING" in capabilities
    at_once = "PIPELINING" in capabilities
    envelope = [command, *mail.rcpts, _DATA] if at_once and not chunked else [command, *mail.rcpts]
    return _new(Letter, (mail, envelope, parameters, wire, chunked, binary, at_once))


def _size(capabilities: Capabilities, size: int | None, given: Sequence[str]) -> list[str]:
    if size is None or "SIZE" in _keywords(given):
        return []
    _refuse_too_large(capabilities, size)
    return [f"SIZE={size}"]


def _keywords(parameters: Sequence[str]) -> set[str]:
    return {parameter.partition("=")[0].upper() for parameter in parameters}


def _extensions(capabilities: Capabilities, needed: Needs, mail: Mail) -> list[str]:
    given = _keywords(mail.mail_parameters)
    found = []
    if "BODY" not in given and (body := _body(capabilities, needed)):
        found.append(body)
    if "SMTPUTF8" not in given and _is_international(needed, mail):
        _refuse_without(capabilities, "SMTPUTF8", "an address or header field is not ASCII")
        found.append("SMTPUTF8")
    return found


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
