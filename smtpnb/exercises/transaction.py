"""The exercises of notebook 02: dots, Bcc, a wrong order repaired, octets counted."""

from typing import Any, Final

from smtpnb.exercises.exercise import Exercise
from smtpnb.exercises.judging import Case, conditions, function
from smtpnb.exercises.seen import begun, exchanges
from smtpnb.sandbox.mailbox import CapturedMessage

# -- dots --------------------------------------------------------------------------------------------------------

_STUFFED: Final = {
    "Hello\r\n": "Hello\r\n",
    "Hello\r\n.\r\nBye\r\n": "Hello\r\n..\r\nBye\r\n",
    "Files:\r\n.profile\r\n": "Files:\r\n..profile\r\n",
    "See RFC 5321.\r\n": "See RFC 5321.\r\n",
    ".begins with one\r\n": "..begins with one\r\n",
    "Wait\r\n...\r\n": "Wait\r\n....\r\n",
    ".\r\n.\r\n": "..\r\n..\r\n",
    " .\r\n": " .\r\n",
    "": "",
}


def _stuffed(text: str) -> str:
    return "\r\n".join("." + line if line.startswith(".") else line for line in text.split("\r\n"))


_stuff = function(
    "stuff",
    [Case((plain,), wire) for plain, wire in _STUFFED.items()],
    [
        (lambda text: text.replace(".", ".."), "That doubles every dot. Only a dot at the beginning of a line counts."),
        (lambda text: text.replace("\r\n.\r\n", "\r\n..\r\n"),
         "That looks after a line with a lone dot only. The receiver takes a dot off *every* line that begins with one."),
        (lambda text: text.replace("\r\n.", "\r\n.."),
         "Nearly: the very first line has no CR LF before it, and can begin with a dot, too."),
    ],
)  # fmt: skip

_unstuff = function(
    "unstuff",
    [Case((wire,), plain) for plain, wire in _STUFFED.items()],
    [
        (lambda text: text.replace("..", "."), "That takes dots out of the middle of lines, too. Only the first of a line goes."),
        (lambda text: "\r\n".join(line.lstrip(".") for line in text.split("\r\n")),
         "lstrip takes *all* leading dots. The sender added one, so one goes: line[1:]."),
        (lambda text: text.replace("\r\n..", "\r\n."),
         "Nearly: the very first line has no CR LF before it, and may be stuffed, too."),
    ],
)  # fmt: skip


def _both(stuff: Any, unstuff: Any) -> str | None:
    return _stuff(stuff) or _unstuff(unstuff)


# -- octets ------------------------------------------------------------------------------------------------------


def _octets(text: str, *, end: int = 3, dots: bool = True, line_ends: bool = True, encoded: bool = True) -> int:
    if text and not text.endswith("\n"):
        text += "\n"
    stuffed = _stuffed(text.replace("\n", "\r\n")) if dots else text.replace("\n", "\r\n")
    stuffed = stuffed if line_ends else stuffed.replace("\r\n", "\n")
    return len(stuffed.encode() if encoded else stuffed) + end


_on_the_wire = function(
    "on_the_wire",
    [Case((text,), _octets(text)) for text in ("Hi\n", ".\n", "Grüße\n", "a\nb\n.c\n", "✉\n", "..\n", "x\n\n\n")],
    [
        (len, "That counts characters of the text. On the wire there are CR LF, stuffed dots and an end."),
        (lambda text: len(text.encode()), "Line ends are CR LF on the wire: two octets each. Dots and the end are missing, too."),
        (lambda text: _octets(text, end=0), "The end is missing: a line with a lone dot, which is three octets."),
        (lambda text: _octets(text, dots=False), "Dots at the beginning of a line are doubled."),
        (lambda text: _octets(text, line_ends=False), "A line ends in CR LF: two octets."),
        (lambda text: _octets(text, encoded=False), "len counts characters; ü and ✉ are more than one octet: text.encode()."),
        (lambda text: _octets(text, end=5),
         "The end is '.' CR LF. The CR LF before the dot ends the last line: it is counted already (RFC 5321 §4.1.1.4)."),
    ],
)  # fmt: skip

# -- Bcc ---------------------------------------------------------------------------------------------------------

_TO: Final = {"bob@example.org", "carol@example.org"}
_HIDDEN: Final = "postmaster@example.org"


def _field(message: CapturedMessage, name: str) -> str:
    return " ".join(map(str, message.email.get_all(name, [])))


_bcc = conditions(
    (lambda message: set(message.recipients) >= _TO, "Bob or carol is not in the envelope: one RCPT for each."),
    (lambda message: _HIDDEN in message.recipients,
     "postmaster is not in the envelope. Whoever shall get the message needs a RCPT, named in the header or not."),
    (lambda message: len(message.recipients) == 3, "The envelope has more people than three."),
    (lambda message: not _field(message, "Bcc"),
     "There is a Bcc field in the header, and everyone who gets the message can read it. Leave the field out."),
    (lambda message: _HIDDEN not in _field(message, "To") + _field(message, "Cc"),
     "postmaster is in To or Cc, for all to see. Only the envelope knows about a blind copy."),
    (lambda message: all(who in _field(message, "To") + _field(message, "Cc") for who in _TO),
     "Bob and carol are not both in To or Cc of the header."),
    expects=CapturedMessage,
)  # fmt: skip

# -- 503 ---------------------------------------------------------------------------------------------------------


def _refused_at(answer: Any) -> int | None:
    codes = [exchange.reply.code if exchange.reply else 0 for exchange in exchanges(answer)]
    return codes.index(503) if 503 in codes else None


def _delivered_after(answer: Any) -> bool:
    later = exchanges(answer)[(_refused_at(answer) or 0) + 1 :]
    return any(e.command == "." and e.reply is not None and e.reply.code == 250 for e in later)


def _same_session(answer: Any) -> bool:
    entries = list(getattr(answer, "transcript", answer))
    refused = next(i for i, entry in enumerate(entries) if getattr(getattr(entry, "reply", None), "code", 0) == 503)
    return not any("connection" in getattr(entry, "text", "") for entry in entries[refused:])


_repair = conditions(
    (begun, "Nothing was said yet in this session."),
    (lambda answer: _refused_at(answer) is not None, "No 503 was met yet: send DATA before anything else of a mail."),
    (_delivered_after, "The 503 is there. Now do it in order, MAIL, RCPT, DATA, and send the content: it ends in a 250."),
    (_same_session, "That was a new connection. A 503 ends nothing: go on in the same session."),
)  # fmt: skip

EXERCISES: Final = (
    Exercise(
        "stuff",
        "02",
        "Write stuff(text), which doubles a dot at the beginning of a line, and unstuff(text), which undoes it. "
        "Lines end in CR LF.",
        ("stuff", "unstuff"),
        (
            'Go line by line: text.split("\\r\\n"), and join again in the end.',
            "Only the first character of a line matters, and only if it is a dot. The first line is a line, too.",
            'stuff: "." + line if line.startswith(".") else line. unstuff: line[1:] if line.startswith(".") else line.',
        ),
        _both,
        "This is transparency (RFC 5321 §4.5.2): any text survives, whatever dots are in it.",
    ),
    Exercise(
        "bcc",
        "02",
        "Send one message from alice to bob and carol, who are named in To, and to postmaster, whom nobody may see.",
        ("message",),
        (
            "Who gets a message is decided by the envelope alone.",
            "Three RCPT. In the header section two of them are named, and there is no Bcc field.",
            'post.ehlo(); post.send_mail("alice@example.org", ["bob@example.org", "carol@example.org", "postmaster@example.org"], "To: bob@example.org, carol@example.org\\n\\nHello\\n"); message = sandbox.messages[-1]',
        ),
        _bcc,
        "A blind copy is one more RCPT. The header section is just text that people read.",
    ),
    Exercise(
        "repair_503",
        "02",
        "Get a 503 on purpose, then have a message accepted in the same session.",
        ("mine",),
        (
            "503 means: a known command at the wrong moment. Which command needs others before it?",
            "DATA needs a sender and a recipient. After the refusal nothing is lost: the session stands where it stood.",
            'mine.ehlo(); mine.data() is 503. Then mine.mail("alice@example.org"), mine.rcpt("bob@example.org"), mine.data(), mine.data_body("Hello\\n").',
        ),
        _repair,
        "A 503 costs nothing but the round trip: the session goes on from where it stood.",
    ),
    Exercise(
        "on_the_wire",
        "02",
        "Write on_the_wire(text): how many octets go out after the 354, for a text whose lines end in \\n.",
        ("on_the_wire",),
        (
            "Three things make it more than len(text): line ends, dots, and the end of the data. And letters like ü.",
            "Each \\n becomes two octets. Each line that begins with a dot gets one more. The end is '.' CR LF.",
            'len(stuff(text.replace("\\n", "\\r\\n")).encode()) + 3',
        ),
        _on_the_wire,
        "Now you can tell the content's size on the wire from its size on disk.",
    ),
)
