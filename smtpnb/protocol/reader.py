"""Octets in, whole replies out (RFC 5321 §4.2): the framing of replies, and nothing else.

The contract: `feed` takes whatever a read returned, `next_reply` gives the next *complete* reply or None. However
the octets are split, the replies are the same. A reply is complete when the CRLF of its last line has come; lines
are cut at CRLF and nowhere else. Anything else is a `SmtpProtocolError`, raised once the replies before it have
been given out, and for ever after. The cost is linear in what was fed; what is kept is bounded by `limits`.

It never pairs replies with commands, never decodes text, never waits.

Two departures from the ABNF, both because servers in the field do so: the second digit may be 6 to 9, and a line
may end right behind its code. A bare LF is not taken for a line end: leniency there is how replies are smuggled.
"""

import re
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from smtpnb.errors import SmtpProtocolError
from smtpnb.protocol import limits
from smtpnb.text import decoded, plural, shortened, visible

#: Every reply code, by its octets: a look-up takes what int() would take too much of ("+25", " 25", "2_5").
_CODES: Final = {b"%d" % code: code for code in range(200, 600)}

#: Octets of a reply that is looked through as a whole, where it came in one piece.
_SHORT: Final = 4 * 1024

#: Octets of a reply that may be remembered, and how many are.
_USUAL: Final = 256
_KNOWN: Final = 16

#: Where a reply ends: a line whose code is not followed by a hyphen. Searched for from a line's end on.
_LAST_LINE: Final = re.compile(rb"\n...(?!-)[^\n]*\n", re.DOTALL)

#: A whole reply, as nearly all come; and the replies to an envelope that is granted: to MAIL, each RCPT, DATA.
_REPLY: Final = re.compile(rb"([2-5][0-9][0-9])(?:-[^\r\n]*\r\n\1)*+ [^\r\n]*\r\n").fullmatch
_GRANTED: Final = re.compile(rb"(?:2[0-9][0-9] [^\r\n]*\r\n)+354 [^\r\n]*\r\n").fullmatch

#: What a protocol that is not SMTP says first, and what that means.
_STRANGERS: Final = (
    (
        b"HTTP/",
        "an HTTP server answers at this port",
        "Web servers listen on 80 and 443; mail servers on 25, 587, 465.",
    ),
    (b"SSH-", "an SSH server answers at this port", "SSH listens on 22; mail servers on 25, 587, 465."),
    (b"+OK", "a POP3 server answers at this port", "POP3 fetches mail; to send it, try port 587 or 25."),
    (b"* OK", "an IMAP server answers at this port", "IMAP fetches mail; to send it, try port 587 or 25."),
    (
        b"\x15\x03",
        "the port expects TLS from the first octet",
        "Connect with implicit_tls=True (port 465 does so).",
    ),
)


class RawReply(NamedTuple):
    """One whole reply as it came: its code, and all its octets, CRLFs included."""

    code: int
    raw: bytes

    @property
    def texts(self) -> list[bytes]:
        """The text of each line, behind code and separator."""
        return [line[4:] for line in self.raw[:-2].split(b"\r\n")]


#: A reply, and when it was whole.
Answer: TypeAlias = tuple[RawReply, float]

#: RawReply's own __new__ is a Python function, and there is one for every reply.
_new_reply: Final = tuple.__new__


class ReplyReader:
    """Collects octets and gives out complete replies; see the module.

    Args:
        max_line: octets in a line, its CRLF included.
        max_reply: octets in a reply.
        max_lines: lines in a reply.
        mask: hides secrets in octets that an error quotes.

    Attributes:
        idle: whether nothing fed is left to give out.
    """

    __slots__ = (
        "_broken",
        "_code",
        "_granted",
        "_known",
        "_lines",
        "_mask",
        "_ready",
        "_region",
        "_size",
        "_small",
        "_tail",
        "_tail_size",
        "idle",
        "max_line",
        "max_lines",
        "max_reply",
    )  # fmt: skip

    def __init__(
        self,
        max_line: float = limits.MAX_LINE,
        max_reply: float = limits.MAX_REPLY,
        max_lines: float = limits.MAX_REPLY_LINES,
        mask: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._mask = mask
        self.max_line, self.max_reply, self.max_lines = max_line, max_reply, max_lines
        self._small = min(max_line, max_reply, max_lines, _SHORT)  # so few break no limit, whatever they are
        self._known: dict[bytes, RawReply] = {}  # short replies as they came before: servers have few
        self._granted: dict[bytes, int] = {}  # replies that grant an envelope, likewise, and how many they are
        self._ready: deque[RawReply] = deque()
        self._tail: list[bytes] = []  # the line that has not ended yet, piece by piece
        self._tail_size = 0
        self._region: list[bytes] = []  # the reply that has not ended yet: whole lines, checked
        self._code = b""  # of that reply
        self._size = self._lines = 0  # of that reply
        self._broken: SmtpProtocolError | None = None
        self.idle = True

    def take(self, data: bytes) -> RawReply | None:
        """Takes the octets of one read and gives the next complete reply: `feed`, then `next_reply`.

        Raises:
            SmtpProtocolError: as `next_reply`.
        """
        if self.idle:
            known = self._known.get(data)
            if known is not None:
                return known
            if len(data) <= self._small and (match := _REPLY(data)):  # most: a short one, in one piece
                reply = _new_reply(RawReply, (_CODES[match[1]], data))
                if len(self._known) < _KNOWN and len(data) <= _USUAL:
                    self._known[data] = reply
                return reply
        self.feed(data)
        return self.next_reply()

    def feed(self, data: bytes) -> None:
        """Takes the octets of one read. Never raises: what is wrong with them, `next_reply` says in its turn."""
        if not data:
            return
        if self.idle and self._single_lines(data):
            self.idle = False
            return
        self.idle = False
        if self._broken:
            return
        try:
            self._feed(data)
        except SmtpProtocolError as error:
            self._broken = error
            self._tail = [data]  # stays pending: unread input is never taken for nothing

    def grants(self, data: bytes, count: int) -> bool:
        """Whether `data`, all that is here, is `count` whole replies of a line each: 2xx, and a 354 at the end."""
        if self._granted.get(data) == count:
            return True
        if len(data) > self._small or data.count(b"\n") != count or not _GRANTED(data):
            return False
        if len(data) <= _USUAL and len(self._granted) < _KNOWN:
            self._granted[data] = count
        return True

    def _single_lines(self, data: bytes) -> bool:
        """Takes `data` where it is whole replies of a line each, as a pipelined group's are; else does nothing."""
        if data[3:4] == b"-":
            return False
        *lines, end = data.split(b"\r\n")
        if end or data.count(b"\n") != len(lines):
            return False
        replies, longest = [], min(self.max_line, self.max_reply)
        for line in lines:
            code = _CODES.get(line[:3])
            if not code or line[3:4] != b" " or len(line) + 2 > longest:
                return False
            replies.append(_new_reply(RawReply, (code, line + b"\r\n")))
        self._ready.extend(replies)
        return True

    def next_reply(self) -> RawReply | None:
        """The next complete reply, or None while more octets are needed.

        Raises:
            SmtpProtocolError: what came is not a reply, or breaks a limit.
        """
        if self._ready:
            reply = self._ready.popleft()
            self.idle = not (self._ready or self._tail or self._region or self._broken)
            return reply
        if self._broken:
            raise self._broken
        return None

    @property
    def pending(self) -> bytes:
        """The octets fed and not yet given out."""
        return b"".join((*(reply.raw for reply in self._ready), *self._region, *self._tail))

    def _feed(self, data: bytes) -> None:
        end = data.rfind(b"\n") + 1
        if end:
            self._take(b"".join((*self._tail, data[:end])) if self._tail else data[:end])
            self._tail, self._tail_size = [], 0
        if end < len(data):
            self._tail.append(data[end:])
            self._tail_size += len(data) - end
            if self._tail_size > self.max_line:
                raise _too_long("line", self.max_line, self._mask(b"".join(self._tail)))

    def _take(self, block: bytes) -> None:
        """Takes whole lines: each is looked at once, so the cost stays linear."""
        position = 0
        while position < len(block):
            end = _end_of_reply(block, position)
            self._check(block[position : end or len(block)], complete=bool(end))
            if not end:
                return
            self._ready.append(RawReply(_CODES[self._code], b"".join(self._region)))
            self._region, self._code, self._size, self._lines = [], b"", 0, 0
            position = end

    def _check(self, part: bytes, *, complete: bool) -> None:
        """Holds `part`, whole lines of one reply, against the grammar and the limits, and keeps it.

        Nothing is cut into lines for it: where as many line ends are followed by the code and a hyphen as should be,
        and the ends of what is left are right, then all of it is.
        """
        self._code = self._code or part[:3]
        more = self._code + b"-"  # how each line begins but the last
        lines = part.count(b"\n")
        going_on = lines - complete
        last = part.rfind(b"\n", 0, -1) + 1 if complete else len(part)  # where the last line of the reply begins
        if (
            self._code not in _CODES
            or (going_on and (part[:4] != more or part.count(b"\r\n" + more) != going_on - 1))
            or (complete and part[last:-2][:4] not in (self._code, self._code + b" "))
            or (last and part[last - 2 : last] != b"\r\n")
            or part[-2:] != b"\r\n"
        ):
            raise _malformed(part, self._code, self._mask)
        if (long := _overlong(part, self.max_line)) is not None:
            raise _too_long("line", self.max_line, self._mask(part[long:]))
        self._size += len(part)
        self._lines += lines
        if self._size > self.max_reply:
            raise _too_long("reply", self.max_reply, self._mask(part))
        if self._lines > self.max_lines:
            raise SmtpProtocolError(
                f"the reply does not end: more than {plural(int(self.max_lines), 'line')}",
                cause="The server keeps saying `code-`, which means that another line follows.",
                advice="do not trust this server; look at the transcript for where its reply goes astray",
            )
        self._region.append(part)


def _end_of_reply(block: bytes, position: int) -> int:
    """Where the reply that is under way at `position` ends in `block`; 0 where it goes on."""
    if block[position + 3 : position + 4] != b"-":
        return block.index(b"\n", position) + 1
    if not position:  # else a block of many replies would be counted through for each of them
        others = block.count(b"\n") - 1 - block.count(b"\n" + block[:4])
        if not others:
            return 0
        last = block.rfind(b"\n", 0, -1) + 1
        if others == 1 and block[last + 3 : last + 4] != b"-":
            return len(block)
    match = _LAST_LINE.search(block, position)
    return match.end() if match else 0


def _overlong(part: bytes, limit: float) -> int | None:
    """Where a line longer than `limit` begins; None where none is. It looks at no more than a line in each `limit`."""
    position = 0
    while len(part) - position > limit:
        end = part.rfind(b"\n", position, position + int(limit)) + 1
        if not end:
            return position
        position = end
    return None


#: What to do about a server that breaks the rules: nothing on this side mends it.
_TELL: Final = "connect() again; if it happens each time, tell the operator of the server"


def _malformed(part: bytes, code: bytes, mask: Callable[[bytes], bytes]) -> SmtpProtocolError:
    """Names the first line that is wrong, and what is wrong with it."""
    for line in part.splitlines(keepends=True) if b"\n" in part else [part]:
        text = decoded(mask(line.rstrip(b"\r\n")))
        shown = f"“{visible(shortened(text, 120))}”"
        if line[:3] not in _CODES:
            return _stranger(line, shown)
        if line[3:4] not in (b" ", b"-", b"\r", b"\n"):
            return SmtpProtocolError(
                f"{shown} is no reply line: behind the code comes a space, a hyphen or the end",
                cause="RFC 5321 §4.2.1: a hyphen says that another line follows, a space that this is the last.",
                advice=_TELL,
            )
        if line[:3] != code:
            return SmtpProtocolError(
                f"the lines of one reply have different codes: {code.decode()}, then {shown}",
                cause="RFC 5321 §4.2.1: every line of a reply has the same code.",
                advice=_TELL,
            )
        if not line.endswith(b"\r\n"):
            return SmtpProtocolError(
                f"the reply line {shown} does not end in CR LF",
                cause="RFC 5321 §2.3.8: a line ends in CR LF; a bare LF or CR is not a line end.",
                advice=_TELL,
            )
    return SmtpProtocolError(
        "what the server sent is no reply", cause="It breaks the form of RFC 5321 §4.2.", advice=_TELL
    )


def _stranger(line: bytes, shown: str) -> SmtpProtocolError:
    for start, cause, advice in _STRANGERS:
        if line.startswith(start):
            return SmtpProtocolError(
                f"this is not SMTP: {shown}", cause=f"{cause[0].upper()}{cause[1:]}.", advice=advice
            )
    return SmtpProtocolError(
        f"{shown} is no reply: it does not begin with a reply code",
        cause="RFC 5321 §4.2: a reply begins with three digits, the first of them 2 to 5.",
        advice=("check host and port: another service may listen there", _TELL),
    )


def _too_long(what: str, limit: float, octets: bytes) -> SmtpProtocolError:
    start = visible(shortened(decoded(octets[:60]), 60))
    return SmtpProtocolError(
        f"the {what} is longer than {plural(int(limit), 'octet')}; it begins “{start}”",
        cause="A server that never ends its line or reply would fill the memory, so smtpnb stops there.",
        advice=("check host and port: another service may listen there", _TELL),
    )


def unfinished(octets: bytes) -> SmtpProtocolError | None:
    """What `octets`, which never became a reply, are when they are clearly no SMTP; else None."""
    if any(octets.startswith(start) for start, _, _ in _STRANGERS):
        return _stranger(octets, f"“{visible(decoded(octets[:60]))}”")
    return None


def one_reply(raw: bytes) -> RawReply:
    """The one reply that `raw` is, with no limits.

    Raises:
        SmtpProtocolError: `raw` is no reply, not a whole one, or more than one.
    """
    if len(raw) <= _SHORT and (whole := _REPLY(raw)):
        return RawReply(_CODES[whole[1]], raw)
    reader = ReplyReader(float("inf"), float("inf"), float("inf"))
    reader.feed(raw)
    reply = reader.next_reply()
    if reply is None:
        raise SmtpProtocolError(
            "the reply is not complete: it must end in CR LF, and its last line has no hyphen behind the code",
            cause="The end was cut off, or a line end is written as LF alone.",
            advice="hand over the whole reply, as get_response() and receive_data() return it",
        )
    if reader.pending or reader.next_reply():
        raise SmtpProtocolError(
            "this is more than one reply: octets follow the CR LF of the last line",
            cause="A line without a hyphen behind its code ends the reply; what follows belongs to the next one.",
            advice="hand over one reply at a time",
        )
    return reply
