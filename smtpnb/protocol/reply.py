"""What a server answers: `SmtpReply`, a frozen value (RFC 5321 §4.2, RFC 2034).

What explains a reply is imported by whoever asks for it: a program that only talks, or a survey with hundreds of
workers, loads neither the tables nor the views' texts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, Self

from smtpnb.displayable import Displayable
from smtpnb.errors import SmtpProtocolError, SmtpReplyError
from smtpnb.frozen import Later, maker_without, quick
from smtpnb.protocol.conversation import Stage
from smtpnb.protocol.reader import one_reply
from smtpnb.text import decoded, plural, shortened, visible

if TYPE_CHECKING:
    from smtpnb.knowledge.hints import Hint
    from smtpnb.knowledge.rfc import Reference
    from smtpnb.protocol.anatomy import Anatomy
    from smtpnb.protocol.conversation import Conversation
    from smtpnb.protocol.explanation import Explanation
    from smtpnb.protocol.members import Members

# RFC 3463 §2: class "." subject "." detail, no leading zeros; RFC 2034 §4: it starts the text, a space follows.
_ENHANCED: Final = re.compile(r"([245])\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})(?=\s|\Z)")


@dataclass(frozen=True, slots=True, order=True)
class EnhancedStatus:
    """An enhanced mail system status code, such as 5.1.1 (RFC 3463).

    Attributes:
        class_: 2 success, 4 persistent transient failure, 5 permanent failure.
        subject: what it is about: 1 addressing, 2 mailbox, … 7 security.
        detail: the fault itself.
    """

    class_: int
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.class_}.{self.subject}.{self.detail}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The status that `text` begins with, or None."""
        match = _ENHANCED.match(text)
        return cls(int(match[1]), int(match[2]), int(match[3])) if match else None


@quick
@dataclass(frozen=True, slots=True)
class SmtpReply(Displayable):
    """One whole reply of a server.

    Attributes:
        code: the reply code, 200 to 599.
        lines: the text of each line, without code, separator and CRLF. Undecodable octets are surrogate escapes.
        raw: the reply as it came over the wire, CRLFs included; only a secret the server echoed is masked.
        elapsed: seconds from the first octet of the command to the end of the reply.
        command: the command it answers, redacted; None for the greeting and for a parsed text.
        secure: whether it came through TLS.
        conversation: where the session stood when the command was sent; None for a parsed text.
    """

    code: int
    lines: tuple[str, ...]
    raw: bytes = field(repr=False)
    elapsed: float = field(default=0.0, repr=False, compare=False)
    command: str | None = None
    secure: bool = field(default=False, repr=False, compare=False)
    conversation: "Conversation | None" = field(default=None, repr=False, compare=False)

    @classmethod
    def parse(cls, raw: str | bytes) -> "SmtpReply":
        """The reply that `raw` is, of any length.

        Args:
            raw: one whole reply, ending in CRLF. Text is taken as UTF-8.

        Raises:
            SmtpProtocolError: it is no reply, not a whole one, or more than one.
            TypeError: it is neither text nor octets.
        """
        if isinstance(raw, str):
            try:
                raw = raw.encode("utf-8", "surrogateescape")
            except UnicodeEncodeError:
                raise SmtpProtocolError(
                    "a lone surrogate is in it, and no octets stand for that",
                    cause="The text did not come from a server as it is.",
                    advice="parse the octets as they came",
                ) from None
        elif not isinstance(raw, bytes):
            raise TypeError(f"a reply is parsed from str or bytes, not {type(raw).__name__}")
        code, octets = one_reply(raw)
        return cls(code, cut(octets), octets)

    @property
    def message(self) -> str:
        """The text of all lines, joined by LF."""
        return "\n".join(self.lines)

    @property
    def enhanced_status(self) -> EnhancedStatus | None:
        """The enhanced status code the text begins with, or None (RFC 2034)."""
        return EnhancedStatus.parse(self.lines[0])

    @property
    def success(self) -> bool:
        """Whether the server agreed: 2xx, or 3xx for "go on"."""
        return self.code < 400

    @property
    def severity(self) -> int:
        """The first digit: 2 done, 3 go on, 4 not now, 5 no (RFC 5321 §4.2.1)."""
        return self.code // 100

    @property
    def category(self) -> int:
        """The second digit: 0 syntax, 1 information, 2 connection, 5 mail system."""
        return self.code // 10 % 10

    @property
    def detail(self) -> int:
        """The third digit: the finer meaning."""
        return self.code % 10

    @property
    def verified(self) -> bool | None:
        """What an answer to VRFY or EXPN says of the name: 250 True, 550 False, else None: it does not tell."""
        if self.verb not in ("VRFY", "EXPN", ""):
            return None
        return {250: True, 550: False}.get(self.code)

    @property
    def verb(self) -> str:
        """The verb it answers, or an empty string."""
        return self.command.partition(" ")[0].upper() if self.command else ""

    def raise_for_status(self) -> Self:
        """This reply, where it is a success.

        Raises:
            SmtpReplyError: it is a 4xx or 5xx; the error has it in `reply`.
        """
        if self.code >= 400:
            raise SmtpReplyError(self)
        return self

    @property
    def asked(self) -> str:
        """What it answers, as `knowledge.reply_codes` files its lessons: the verb, or something finer."""
        from smtpnb.knowledge import reply_codes  # noqa: PLC0415 - late

        if self.command is None:
            return reply_codes.GREETING if self._is_greeting else ""
        words = self.command[:64].upper().split()
        if self.verb == "BDAT" and words[-1:] == ["LAST"]:
            return reply_codes.BDAT_LAST
        if self.code == 501 and self.verb in ("EHLO", "HELO") and len(words) == 1:
            return reply_codes.NAMELESS
        if self.code == 334 and words[:1] == ["AUTH"] and words[1:2] in (["LOGIN"], ["PLAIN"]):
            return f"AUTH {words[1]}"
        return self.verb

    @property
    def _is_greeting(self) -> bool:
        now = self.conversation
        return now is not None and not now.greeted_with and now.stage in (Stage.CLOSED, Stage.GREETED)

    @property
    def status_pair(self) -> tuple[int, int] | None:
        """Subject and detail of the enhanced status, where its class agrees with the code."""
        status = self.enhanced_status
        return (status.subject, status.detail) if status and status.class_ == self.severity else None

    @property
    def meaning(self) -> str:
        """What the code means as an answer to this command, one plain sentence."""
        from smtpnb.knowledge import reply_codes  # noqa: PLC0415 - late

        return reply_codes.meaning(self.code, self.asked, self.status_pair)

    @property
    def reference(self) -> "Reference | None":
        """Where the meaning is written; None where no standard has the code."""
        from smtpnb.knowledge import reply_codes  # noqa: PLC0415 - late

        return reply_codes.reference(self.code, self.asked, self.status_pair)

    @property
    def advice(self) -> tuple[str, ...]:
        """What to try next, one sentence each; empty where there is nothing to do."""
        from smtpnb.protocol.next_step import next_steps  # noqa: PLC0415 - late

        return next_steps(self)

    @property
    def hint(self) -> "Hint | None":
        """What the text of a refusal may mean, by words that well-known servers use; a guess, never a fact."""
        from smtpnb.knowledge import hints, reply_codes  # noqa: PLC0415 - late

        return hints.hint(self.code, reply_codes.names(self.asked)[-1], self.lines, self.status_pair)

    def explain(self) -> "Explanation":
        """A longer view: who says this and when, digit by digit; `print` it for the text form."""
        from smtpnb.protocol.explanation import Explanation  # noqa: PLC0415 - late

        return Explanation(self)

    @property
    def members(self) -> "Members":
        """The mailboxes that an answer to VRFY or EXPN names, and whether the server vouches for them."""
        from smtpnb.protocol.members import Members, member  # noqa: PLC0415 - late

        named = self.lines if self.success else ()
        return Members(self.command or "", self.shown, self.verified, tuple(member(line) for line in named))

    def bytes(self) -> "Anatomy":
        """The command and the reply, octet by octet, with a legend."""
        from smtpnb.protocol.anatomy import anatomy, command_line, reply_lines  # noqa: PLC0415 - late

        asked = [command_line(self.command)] if self.command is not None else []
        count = len(asked) + len(self.lines)
        return anatomy("A reply, octet by octet", chain(asked, reply_lines(self.raw)), count)

    @property
    def shown(self) -> str:
        """`550 5.1.1 no such user`: code and first line, nothing hidden in it, of bounded length."""
        more = f" (and {plural(len(self.lines) - 1, 'more line')})" if len(self.lines) > 1 else ""
        return f"{self.code} {visible(shortened(self.lines[0], 200))}".rstrip() + more

    @property
    def shown_command(self) -> str:
        """The command it answers, nothing hidden in it, of bounded length."""
        return visible(shortened(self.command or "", 200))

    def wire_lines(self) -> Iterator[tuple[str, str]]:
        """Each line as (separator, text): the separator is "-" where more follows, else " " or ""."""
        for line in self.raw[:-2].split(b"\r\n"):
            yield line[3:4].decode("ascii"), decoded(line[4:])

    def __str__(self) -> str:
        return "\n".join(f"{self.code}{separator}{visible(text)}" for separator, text in self.wire_lines())

    def __repr__(self) -> str:
        answered = f" to {self.shown_command}" if self.command else ""
        return f"<SmtpReply {self.shown}{answered}>"


# The lines are cut when somebody looks: most replies are asked for their code alone.
setattr(SmtpReply, "lines", Later(vars(SmtpReply)["lines"], lambda reply: cut(reply.raw)))  # noqa: B010 - a field to mypy

#: Makes a `SmtpReply` of code, raw and what follows there, quickly: there is one for every command.
reply_of: Final = maker_without(SmtpReply, "lines")


def cut(raw: bytes) -> tuple[str, ...]:
    """The text of each line of a whole reply: decoded once, cut at CRLF only."""
    text = raw[4:-2].decode("utf-8", "surrogateescape")  # `decoded`, by the shortest way
    if "\n" not in text:
        return (text,)
    # No LF but those of line ends is in a reply, and each but the last is followed by the code and a hyphen.
    lines, _, last = text.rpartition("\r\n")
    return (*lines.replace(f"\r\n{raw[:3].decode()}-", "\n").split("\n"), last[4:])
