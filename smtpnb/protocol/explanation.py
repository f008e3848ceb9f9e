"""All that is known about a reply, note by note: what `reply.explain()` shows, as text and as a card alike.

The notes are made here once, so the two forms cannot differ; each is sentences of ours, and where a label or a line
is the server's or the client's own, it says so and the views keep it apart. Nothing depends on a clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from smtpnb.displayable import Displayable
from smtpnb.knowledge import enhanced_status, extensions, hints, mechanisms, reply_codes, verbs
from smtpnb.knowledge.hints import Hint
from smtpnb.knowledge.rfc import Reference
from smtpnb.protocol import challenge
from smtpnb.text import plural, shortened, visible

if TYPE_CHECKING:
    from smtpnb.protocol.reply import EnhancedStatus, SmtpReply

#: Labels of the notes that views set off: the guess, and the thing to do.
HINT: Final = "Hint"
NEXT: Final = "Next"

#: What stands behind the lone dot where it is shown.
END_OF_DATA: Final = " (end of mail data)"

#: How many extensions of an EHLO reply are explained; no server is known that offers more.
_OFFERS: Final = 40
#: How many mechanisms are explained; servers that offer all they have come to a dozen.
_MECHANISMS: Final = 20


class Note(NamedTuple):
    """One thing to know about a reply.

    Attributes:
        label: what it is about, in a word or two.
        sentences: what there is to say.
        reference: where it is written, or None.
        quoted: whether the label is somebody else's text.
    """

    label: str
    sentences: tuple[str, ...]
    reference: Reference | None = None
    quoted: bool = False

    def to_text(self) -> str:
        """`Meaning: There is no such mailbox. (RFC 5321 §3.3)`; a line for each of several steps."""
        label = visible(shortened(self.label, 100))
        where = f" ({self.reference.text})" if self.reference else ""
        lines = self.sentences if self.label == NEXT else (" ".join(self.sentences),)
        return "\n".join(f"{label}: {line}{where}" for line in lines)


@dataclass(frozen=True, slots=True)
class Explanation(Displayable):
    """A reply explained.

    Attributes:
        reply: the reply.
    """

    reply: "SmtpReply"

    @property
    def at_a_glance(self) -> tuple[Note, ...]:
        """What a beginner needs at once: what it means, what the text may mean, what to try next."""
        return tuple(_glance(self.reply))

    @property
    def more(self) -> tuple[Note, ...]:
        """The rest: who says it and when, the command, the digits."""
        return tuple(_more(self.reply))

    @property
    def offers(self) -> tuple[Note, ...]:
        """The extensions that an EHLO reply lists, one note each; else nothing."""
        return tuple(_offers(self.reply))

    @property
    def heading(self) -> str:
        """`550 refused (permanent, do not repeat unchanged)`."""
        severity = reply_codes.severity(self.reply.code)
        return f"{self.reply.code} {severity.name} ({severity.gloss})"

    def to_text(self) -> str:
        """Everything, line by line; the same as the card says."""
        reply = self.reply
        lines = [f"{self.heading} · {'inside TLS' if reply.secure else 'cleartext'}"]
        if reply.command is not None:
            lines.append(f"C: {reply.shown_command}{END_OF_DATA if reply.command == '.' else ''}")
        lines += [f"S: {reply.code}{separator}{visible(text)}" for separator, text in reply.wire_lines()]
        lines += [note.to_text() for note in (*self.at_a_glance, *self.more, *self.offers)]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Explanation of {self.reply.shown}>"


# -- at a glance -------------------------------------------------------------------------------------------------


def _glance(reply: "SmtpReply") -> Iterator[Note]:
    yield Note("Meaning", (reply.meaning,), reply.reference)
    status = reply.enhanced_status
    if status and not reply.success and not _is_told(reply, status):
        row = enhanced_status.row(status.class_, status.subject, status.detail)
        yield Note(str(status), (row.meaning,), row.reference)
    if status and status.class_ != reply.severity:
        yield Note("Beware", (_contradiction(reply, status),), Reference(2034, "4"))
    if reply.code == 334:
        yield Note("Asked for", (challenge.told(reply.lines[0]),))
    if hint := reply.hint:
        yield Note(HINT, (hint.meaning, hint.reason, *(() if _is_advised(reply, hint) else (hint.step,))))
    if reply.advice:
        yield Note(NEXT, reply.advice)


def _is_advised(reply: "SmtpReply", hint: Hint) -> bool:
    """Whether the advice names the thing, or begins with the same step, so that the hint need not say it again."""
    first_step = hint.advice.partition(",")[0].lower()
    return any(hint.name in advice or first_step in advice.lower() for advice in reply.advice)


def _is_told(reply: "SmtpReply", status: "EnhancedStatus") -> bool:
    """Whether the enhanced status says nothing that the meaning of the reply does not."""
    vague = status.detail == 0 or (status.subject == 5 and reply.category == 0)
    pair = reply.status_pair
    return pair is not None and (vague or reply_codes.is_finer(reply.code, reply.asked, pair))


def _contradiction(reply: "SmtpReply", status: "EnhancedStatus") -> str:
    outcome = enhanced_status.CLASSES[status.class_].partition(":")[0]
    return f"The code says “{reply_codes.severity(reply.code).name}”, but {status} says “{outcome}”: go by the code."


# -- more --------------------------------------------------------------------------------------------------------


def _more(reply: "SmtpReply") -> Iterator[Note]:
    yield Note("Who and when", (reply_codes.occasion(reply.code),))
    if reply.command is not None:
        yield from _command_notes(reply)
    yield from _digits(reply)
    if len(reply.lines) > 1:
        yield Note(f"{reply.code}-", (f"More follows: these {len(reply.lines):,} lines are one reply.",))
        yield Note(f"{reply.code}␣", ("A space behind the code: the last line.",))
    if reply.enhanced_status:
        yield from _status_notes(reply.enhanced_status)
    elif misplaced := hints.misplaced_status(reply.code, reply.lines):
        yield _guess(reply.severity, misplaced)


def _command_notes(reply: "SmtpReply") -> Iterator[Note]:
    verb = reply_codes.names(reply.asked)[-1]
    if verb == ".":
        yield Note("The lone dot", ("It ends the content, and this is the answer to the whole message.",), _END)
        return
    row = verbs.row(verb)
    usual = f"Usual replies: {', '.join(map(str, row.replies))}."
    yield Note(row.name, (row.purpose, row.occasion, usual), row.reference, quoted=row.name not in verbs.VERBS)
    words = (reply.command or "")[:64].split()
    if verb == "AUTH" and len(words) > 1 and words[0].upper() == "AUTH":
        yield _mechanism(words[1])


def _mechanism(name: str) -> Note:
    row = mechanisms.row(name[:64])
    label = f"AUTH {row.name}"
    return Note(label, (row.meaning, row.advice), row.reference, quoted=row.name not in mechanisms.MECHANISMS)


def _digits(reply: "SmtpReply") -> Iterator[Note]:
    first, second = reply_codes.severity(reply.code), reply_codes.category(reply.code)
    yield Note(f"{reply.severity}xx", (_sentence(f"{first.name}: {first.gloss}"),), Reference(5321, "4.2.1"))
    yield Note(f"x{reply.category}x", (_sentence(f"{second.name}: {second.gloss}"),))
    yield Note(f"xx{reply.detail}", ("The finer meaning, given above.",))


def _status_notes(status: "EnhancedStatus") -> Iterator[Note]:
    row = enhanced_status.row(status.class_, status.subject, status.detail)
    yield Note(f"{status.class_}.x.x", (_sentence(enhanced_status.CLASSES[status.class_]),))
    yield Note(f"x.{status.subject}.x", (_sentence(enhanced_status.subject(status.subject)),))
    yield Note(f"x.x.{status.detail}", (_sentence(row.name), row.meaning, row.occasion), row.reference)


def _guess(class_: int, pair: tuple[int, int]) -> Note:
    """What a status at the end of the text may mean; only one in front of it is an enhanced status."""
    row = enhanced_status.STATUSES[pair]
    said = f"{class_}.{pair[0]}.{pair[1]}"
    why = f"May be meant as the enhanced status {said}, which belongs in front of the text."
    return Note(f"{said} in the text", (why, _sentence(row.name), row.meaning), Reference(2034, "4"))


def _sentence(phrase: str) -> str:
    return f"{phrase[0].upper()}{phrase[1:]}."


_END: Final = Reference(5321, "4.1.1.4")


# -- what EHLO offers --------------------------------------------------------------------------------------------


def _offers(reply: "SmtpReply") -> Iterator[Note]:
    if reply.verb != "EHLO" or not reply.success:
        return
    mechanisms_left = _MECHANISMS  # of all AUTH lines together: a hostile reply could have forty of them
    for line in reply.lines[1 : _OFFERS + 1]:
        row = extensions.row(line[:64].partition(" ")[0].partition("=")[0])
        known = row.keyword in extensions.EXTENSIONS
        yield Note(row.keyword or "(empty)", (row.purpose, row.advice), row.reference, quoted=not known)
        if row.keyword == "AUTH":
            names = line.replace("=", " ").split()[1 : mechanisms_left + 1]
            mechanisms_left -= len(names)
            yield from map(_mechanism, names)
    left_out = len(reply.lines) - 1 - _OFFERS
    if left_out > 0:
        yield Note("…", (f"And {plural(left_out, 'more line')}.",))
