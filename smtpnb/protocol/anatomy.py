"""Octets taken apart: any command or reply line as labelled segments, for people to look at.

The segments of a line, joined, are the line again, octet for octet, whatever it holds: what no grammar knows is one
segment that says so. This is for showing only. The client neither checks nor builds a line with it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from smtpnb.displayable import Displayable
from smtpnb.protocol.command import raw_command
from smtpnb.secret import MASK
from smtpnb.text import decoded, encoded, plural, shortened, visible

#: What a segment is → what to know about it, one plain sentence of ours.
LABELS: Final = {
    "verb": "what the client asks for; capital and small letters are the same",
    "space": "one space separates the parts (RFC 5321 §4.1.1)",
    "path keyword": "says which path follows; the colon belongs to it, and no space may follow it",
    "open bracket": "begins the path; it is required (RFC 5321 §4.1.2)",
    "source route": "the way through other hosts; obsolete, to be ignored (RFC 5321 appendix C)",
    "local-part": "the mailbox; only the host it lives on may interpret it, capitals included (RFC 5321 §2.3.11)",
    "at sign": "separates the mailbox from its domain",
    "domain": "where the mailbox lives; capital and small letters are the same",
    "close bracket": "ends the path; parameters follow behind it",
    "parameter": "the name of an extension's parameter; only where EHLO offered the extension",
    "equals sign": "separates a parameter's name from its value",
    "value": "the parameter's value; a space would end it, so it is written +20 (RFC 3461 §4)",
    "argument": "what the verb is about",
    "hidden": "a secret; what goes over the wire is not shown, nor how long it is",
    "code": "the reply code: how it went, what it is about, and the finer meaning (RFC 5321 §4.2.1)",
    "separator -": "a hyphen behind the code: more lines of this reply follow (RFC 5321 §4.2)",
    "separator SP": "a space behind the code: this is the reply's last line (RFC 5321 §4.2)",
    "enhanced status": "class, subject and detail of the outcome (RFC 3463 §2)",
    "text": "words for people; a client must not rely on them (RFC 5321 §4.2)",
    "chunk": "a line of a BDAT chunk: it goes as it is, dots and all; its octets are counted (RFC 3030 §2)",
    "content": "a line of the message; a dot at its beginning would have been doubled (RFC 5321 §4.5.2)",
    "end of mail data": "a dot alone on its line ends the message (RFC 5321 §4.1.1.4)",
    "CR LF": "ends the line; both octets, in this order (RFC 5321 §2.3.8)",
    "bare CR": "a line end only together with LF; alone it is an error, and a way to smuggle messages",
    "bare LF": "a line end only together with CR; alone it is an error, and a way to smuggle messages",
}


class Segment(NamedTuple):
    """Some octets and what they are.

    Attributes:
        label: a key of `LABELS`.
        octets: the octets themselves; of a secret, the mask in its place.
    """

    label: str
    octets: bytes

    @property
    def text(self) -> str:
        """The octets as text, undecodable ones as surrogate escapes."""
        return decoded(self.octets)

    @property
    def shown(self) -> str:
        """The octets as text, line ends and space as words."""
        words = {b"\r\n": "CR LF", b"\r": "CR", b"\n": "LF", b" ": "SP"}
        return words.get(self.octets) or visible(self.text)

    @property
    def hex(self) -> str:
        """The octets in hexadecimal; of a secret nothing, as its mask is not what went over the wire."""
        return "not shown" if self.label == "hidden" else self.octets[:HEX].hex(" ") + ("…" * (len(self.octets) > HEX))


#: Octets of one segment shown in hexadecimal, and characters of it in the text form; more are counted by the view.
HEX: Final = 32
_SHOWN: Final = 200
#: Lines that are taken apart; a reply may have thousands more. Lines in the text form.
LINES_TAKEN: Final = 1_000
_LINES: Final = 60


@dataclass(frozen=True, slots=True)
class AnatomyLine:
    """One line taken apart.

    Attributes:
        speaker: "C" for client, "S" for server.
        segments: its parts; their octets joined are the line.
    """

    speaker: str
    segments: tuple[Segment, ...]

    @property
    def octets(self) -> bytes:
        """The whole line."""
        return b"".join(segment.octets for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Anatomy(Displayable):
    """Lines taken apart into numbered segments, with a legend.

    Attributes:
        title: what they are.
        lines: each line with its segments.
        unkept: octets that are not among them, as the transcript did not keep them.
        more: further lines, which are not taken apart.
    """

    title: str
    lines: tuple[AnatomyLine, ...]
    unkept: int = 0
    more: int = 0

    @property
    def octets(self) -> int:
        """How many octets the lines have."""
        return sum(len(segment.octets) for line in self.lines for segment in line.segments)

    @property
    def size(self) -> str:
        """`42 octets`: how long it is, as far as that may be told."""
        secret = any(segment.label == "hidden" for line in self.lines for segment in line.segments)
        more = f", and {plural(self.more, 'more line')} not taken apart" if self.more else ""
        return ("length not told, as a secret is in it" if secret else plural(self.octets, "octet")) + more

    @property
    def numbers(self) -> dict[str, int]:
        """Label → its number in the legend, in order of appearance."""
        labels = dict.fromkeys(segment.label for line in self.lines for segment in line.segments)
        return {label: number for number, label in enumerate(labels, 1)}

    def to_text(self) -> str:
        """Each line, its segments with their numbers and octets, and the legend; of many lines the first."""
        numbers = self.numbers
        text = [f"{self.title}: {self.size}"]
        for line in self.lines[:_LINES]:
            text.append(f"{line.speaker}: {shortened(''.join(_run(line.segments)), 2 * _SHOWN)}")
            text += (f"   {numbers[part.label]:>2} {shortened(part.shown, _SHOWN)} = {part.hex}"
                     for part in line.segments[:_LINES])  # fmt: skip
        if len(self.lines) > _LINES:
            text.append(f"… {plural(len(self.lines) - _LINES, 'more line')} …")
        if self.unkept:
            text.append(f"… {plural(self.unkept, 'more octet')} of content not kept")
        text += (f"{number:>2} {label}: {LABELS[label]}" for label, number in numbers.items())
        return "\n".join(text)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Anatomy of {visible(shortened(self.title, 80))}: {plural(len(self.lines), 'line')}, {self.size}>"


def _run(segments: Iterable[Segment]) -> Iterator[str]:
    for segment in segments:
        yield {" ": " ", "\r\n": " CR LF"}.get(decoded(segment.octets), segment.shown)


# -- commands ----------------------------------------------------------------------------------------------------

_END: Final = re.compile(rb"\r\n|\r|\n")
# RFC 5321 §4.1.1.2: "MAIL FROM:" Reverse-path [SP Mail-parameters]. Lenient: what is wrong shall be seen, not refused.
_PATH: Final = re.compile(rb'( *)(FROM:|TO:)( *)(<)?(@[^:<>"]*:)?((?:"(?:[^"\\]|\\.)*"|[^<>" @])*)(@)?([^<> ]*)(>)?',
                          re.IGNORECASE | re.DOTALL)  # fmt: skip
_MASK: Final = encoded(MASK)


def command_segments(line: bytes) -> tuple[Segment, ...]:
    """The segments of one command line, its line end included where it has one."""
    end = _END.search(line)
    text, rest = (line[: end.start()], line[end.start() :]) if end else (line, b"")
    verb, space, arguments = text.partition(b" ")
    parts = [Segment("verb" if verb != _MASK else "hidden", verb)]
    if text == b".":
        parts = [Segment("end of mail data", text)]
    elif verb.upper() in (b"MAIL", b"RCPT"):
        parts += _path_segments(space + arguments)
    else:
        parts += _words(space + arguments, "argument")
    return _kept((*parts, *_line_ends(rest)))


def _path_segments(text: bytes) -> Iterator[Segment]:
    match = _PATH.match(text)
    if match is None:
        yield from _words(text, "argument")
        return
    before, keyword, after, opened, route, local, at, domain, closed = (part or b"" for part in match.groups())
    yield from (Segment("space", before), Segment("path keyword", keyword), Segment("space", after))
    yield from (Segment("open bracket", opened), Segment("source route", route), Segment("local-part", local))
    yield from (Segment("at sign", at), Segment("domain", domain), Segment("close bracket", closed))
    yield from _words(text[match.end() :], "parameter")


def _words(text: bytes, label: str) -> Iterator[Segment]:
    """Words and the spaces between them; `KEY=value` in three."""
    for word in re.findall(rb" +|[^ ]+", text):
        if word.startswith(b" "):
            yield Segment("space", word)
        elif word == _MASK:
            yield Segment("hidden", word)
        elif label == "parameter":
            key, equals, value = word.partition(b"=")
            yield from (Segment("parameter", key), Segment("equals sign", equals), Segment("value", value))
        else:
            yield Segment(label, word)


def _line_ends(rest: bytes) -> Iterator[Segment]:
    """Line ends, and what stands between them: a second command on the same line, say."""
    names = {b"\r\n": "CR LF", b"\r": "bare CR", b"\n": "bare LF"}
    yield from (Segment(names.get(part, "argument"), part) for part in re.findall(rb"\r\n|\r|\n|[^\r\n]+", rest))


def _kept(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    return tuple(segment for segment in segments if segment.octets)


# -- replies and content -----------------------------------------------------------------------------------------

_REPLY: Final = re.compile(rb"([0-9]{3})([ -]?)((?:[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |\r|\n|\Z))?)( ?)")


def reply_segments(line: bytes) -> tuple[Segment, ...]:
    """The segments of one line of a reply, its line end included where it has one."""
    match = _REPLY.match(line)
    code, mark, status, space = match.groups() if match else (b"", b"", b"", b"")
    text = line[match.end() :] if match else line
    if not status:
        text, space = space + text, b""  # a space behind the separator is part of the words
    end = _END.search(text)
    words, rest = (text[: end.start()], text[end.start() :]) if end else (text, b"")
    separator = Segment("separator -" if mark == b"-" else "separator SP", mark)
    parts = (Segment("code", code), separator, Segment("enhanced status", status), Segment("space", space))
    return _kept((*parts, *_masked(words), *_line_ends(rest)))


def _masked(words: bytes) -> Iterator[Segment]:
    """The words of a line; a secret that the server echoed is masked in them and has its own segment."""
    for position, part in enumerate(words.split(_MASK)):
        if position:
            yield Segment("hidden", _MASK)
        yield Segment("text", part)


def content_segments(line: bytes, *, counted: bool = False) -> tuple[Segment, ...]:
    """The segments of one line of content as it goes over the wire; `counted` is a line of a BDAT chunk."""
    end = _END.search(line)
    text, rest = (line[: end.start()], line[end.start() :]) if end else (line, b"")
    kind = "chunk" if counted else "end of mail data" if text == b"." else "content"
    return _kept((Segment(kind, text), *_line_ends(rest)))


def lines_of(octets: bytes) -> list[bytes]:
    """Octets cut behind each CR LF."""
    lines = [line + b"\r\n" for line in octets.split(b"\r\n")]
    lines[-1] = lines[-1][:-2]
    return lines if lines[-1] else lines[:-1]


# -- the views' values -------------------------------------------------------------------------------------------


def command_line(command: str) -> AnatomyLine:
    """A command as a transcript has it, taken apart; the CR LF that ended it is added."""
    return AnatomyLine("C", command_segments(_octets(command) + b"\r\n"))


def _octets(text: str) -> bytes:
    """The octets of `text`, also where it holds lone surrogates, which no octets stand for: for showing only."""
    try:
        return encoded(text)
    except ValueError:
        return text.encode("utf-8", "surrogatepass")


def reply_lines(raw: bytes) -> Iterator[AnatomyLine]:
    """Each line of a whole reply, taken apart."""
    return (AnatomyLine("S", reply_segments(line)) for line in lines_of(raw))


def content_lines(wire: bytes, *, counted: bool = False) -> Iterator[AnatomyLine]:
    """Each line of content as it went over the wire, taken apart; `counted` where it is a BDAT chunk."""
    return (AnatomyLine("C", content_segments(line, counted=counted)) for line in lines_of(wire))


def anatomy(title: str, lines: Iterator[AnatomyLine], count: int, unkept: int = 0) -> Anatomy:
    """The first of `count` lines, taken apart."""
    taken = tuple(islice(lines, LINES_TAKEN))
    return Anatomy(title, taken, unkept, max(0, count - len(taken)))


def explain_command(command: str | bytes) -> Anatomy:
    """Any command line, taken apart into numbered segments, such as `explain_command("RCPT TO:<bob@example.org>")`.

    The initial response of an AUTH command is hidden; `explain_plain` shows how one is made.

    Args:
        command: one command line; a CR LF is added where it has no line end.

    Raises:
        TypeError: it is neither text nor octets.
    """
    if not isinstance(command, str | bytes):
        raise TypeError(f"a command is str or bytes, not {type(command).__name__}")
    octets = _octets(command) if isinstance(command, str) else command
    del command  # it may hold a secret
    parts = re.split(rb"(\r\n|\r|\n)", octets)  # line, line end, line, …: a second line would be a second command
    lines = [_hidden(parts[at]) + b"".join(parts[at + 1 : at + 2] or [b"\r\n"]) for at in range(0, len(parts), 2)]
    if len(lines) > 1 and not parts[-1]:
        del lines[-1]  # nothing stands behind the last line end
    title = "One command, octet by octet" if len(lines) == 1 else f"{len(lines):,} lines, octet by octet"
    return Anatomy(title, tuple(AnatomyLine("C", command_segments(line)) for line in lines))


def _hidden(line: bytes) -> bytes:
    """The line with the initial response of AUTH hidden; whatever else is in it stays."""
    command = raw_command(decoded(line.replace(b"\0", b" ")))
    return encoded(command.shown) if command.secret else line
