"""The exercises of notebook 01: codes, raw replies, EHLO without a name."""

import re
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise
from smtpnb.exercises.judging import Case, function, value
from smtpnb.exercises.running import Run
from smtpnb.protocol.reply import SmtpReply

_WORDS: Final = {2: "done", 3: "go on", 4: "not now", 5: "no"}


def _why_not_classified(ran: Run) -> str:
    if "'int' object is not subscriptable" in ran.trouble:
        return "The code is a number, and has no [0]. Its first digit is code // 100."
    if re.search(r"raised KeyError: \d\.\d", ran.trouble):
        return "250 / 100 is 2.5. The whole part alone is 250 // 100."
    return ""


_classify = function(
    "classify",
    [Case((code,), _WORDS[code // 100]) for code in (250, 354, 451, 550, 220, 221, 334, 421, 535, 252, 299)],
    [
        (_WORDS.get, "That is right for the codes 2 to 5. Take the first digit: code // 100."),
        (lambda code: {2: "done", 3: "done", 4: "not now", 5: "no"}[code // 100],
         "3xx is not done: the server waits for the rest of the command, so it is 'go on'."),
        (lambda code: {2: "done", 3: "go on", 4: "no", 5: "not now"}[code // 100],
         "4 and 5 are the other way round: 4 is for now, 5 is for good."),
        (lambda code: {2: "done", 3: "go on", 4: "no", 5: "no"}[code // 100],
         "4xx is not a failure: the same command may succeed later, so it is 'not now'."),
        (lambda code: {250: "done", 354: "go on", 451: "not now", 550: "no"}[code],
         "That knows four codes by heart and no other. The first digit is enough: code // 100."),
        ({250: "done", 354: "go on", 451: "not now", 550: "no"}.get,
         "That knows four codes by heart and no other. The first digit is enough: code // 100."),
    ],
    lambda _, ran: _why_not_classified(ran),
)  # fmt: skip

_NOT_WHOLE: Final = "250-mail.example.org\r\n250-SIZE 1000\r\n250-HELP\r\n"
_WHOLE: Final = "250-mail.example.org\r\n250-SIZE 1000\r\n250 HELP\r\n"


def _taken(raw: str, *, cut: str = "\r\n", skip: int = 4, last: int | None = -1) -> tuple[Any, list[str], bool]:
    lines = raw.split(cut)[:last]
    return int(raw[:3]), [line[skip:] for line in lines], lines[-1][3:4] != "-"


def _why_not_taken(case: Case, ran: Run) -> str:
    if case.arguments == (_WHOLE,) and "IndexError: string index" in ran.trouble:
        return "split leaves an empty rest, since the last line *ends* with CR LF, too: drop it with [:-1]."
    return ""


_take_apart = function(
    "take_apart",
    [
        Case((_WHOLE,), (250, ["mail.example.org", "SIZE 1000", "HELP"], True)),
        Case((_NOT_WHOLE,), (250, ["mail.example.org", "SIZE 1000", "HELP"], False), "The last line says 250-."),
        Case(("220 mail.example.org ready - at your service\r\n",),
             (220, ["mail.example.org ready - at your service"], True)),
        Case(("250\r\n",), (250, [""], True),
             "A code alone is a line, too (RFC 5321 §4.2): it has no text, and no fourth character. "
             "line[3] fails there; line[3:4] is empty."),
        Case(("553-Which one?\r\n553 Ann 250-3\r\n",), (553, ["Which one?", "Ann 250-3"], True),
             "Only the fourth character of a line tells."),
        Case(("214-Help\x0bis\x85here\r\n214 bye\r\n",), (214, ["Help\x0bis\x85here", "bye"], True),
             "str.splitlines cuts at more than CR LF; split('\\r\\n') cuts where SMTP does."),
    ],
    [
        (lambda raw: (str(int(raw[:3])), *_taken(raw)[1:]), "The code is text. Make it a number: int(raw[:3])."),
        (lambda raw: _taken(raw, skip=0), "The lines still have their codes. The text begins behind the fourth character: line[4:]."),
        (lambda raw: _taken(raw, skip=3), "The lines still have their separator. The text begins behind the fourth character: line[4:]."),
        (lambda raw: _taken(raw, last=None), "There is one line too many: every line *ends* with CR LF, so split leaves an empty rest. Drop it: [:-1]."),
        (lambda raw: (*_taken(raw)[:2], raw.endswith("\r\n")),
         "CR LF ends a line, not a reply. Whether more follows is told by the last line's fourth character."),
        (lambda raw: (*_taken(raw)[:2], not _taken(raw)[2]),
         "Complete and not complete are the other way round: 250- says that more follows."),
        (lambda raw: (*_taken(raw)[:2], "-" not in raw),
         "A hyphen may stand anywhere. Only the fourth character of the last line tells."),
        (lambda raw: (*_taken(raw)[:2], True), "That calls everything complete. 250- on the last line says that more follows."),
    ],
    _why_not_taken,
)  # fmt: skip


def _ehlo_without_name(answer: Any) -> str | None:
    if isinstance(answer, SmtpReply):
        return _of_another_command(answer) or _code(answer.code)
    if isinstance(answer, str) and answer[:3].isdigit():
        return _code(int(answer[:3]))  # as get_response gives it
    if callable(answer):
        return 'That is the method itself. Call it: client.ehlo("").'
    return _code(answer)


def _of_another_command(reply: SmtpReply) -> str | None:
    if not reply.verb or reply.verb == "EHLO":
        return None
    return f'That is the reply to {reply.verb}. The one to EHLO without a name is asked for: client.ehlo("").'


_code = value(
    501,
    [
        (250, '250 is the answer to an EHLO with a name. The empty text sends none: client.ehlo("").'),
        (503, '503 is for commands in the wrong order. Connect first, then client.ehlo("").'),
        (500, "500 is for a verb that the server does not know; EHLO it knows."),
        (220, '220 is the greeting. Say EHLO after it: client.ehlo("").'),
    ],
    "Give the reply, or its code.",
)  # fmt: skip


EXERCISES: Final = (
    Exercise(
        "classify",
        "01",
        'Write classify(code): "done", "go on", "not now" or "no".',
        ("classify",),
        (
            "Only the first of the three digits matters.",
            "code // 100 is the first digit.",
            'Look the digit up: {2: "done", 3: "go on", 4: "not now", 5: "no"}.',
        ),
        _classify,
        "One digit is enough to know what to do next, also for a code that you have never seen.",
    ),
    Exercise(
        "take_apart",
        "01",
        "Write take_apart(raw): the code as a number, the list of the lines' texts, and whether the reply is complete.",
        ("take_apart",),
        (
            "Cut the text into lines first. Every line ends in CR LF, the last one too.",
            "Of each line, three characters are the code, one is the separator, the rest is text.",
            'lines = raw.split("\\r\\n")[:-1]; the texts are line[4:], and it is complete if lines[-1][3:4] is not "-".',
        ),
        _take_apart,
        "That is what the client does with every reply: cut at CR LF only, and look at the fourth character.",
    ),
    Exercise(
        "ehlo_without_name",
        "01",
        "Say EHLO without a name. Which reply do you get?",
        ("reply",),
        (
            "client.ehlo() fills in a name for you. How would you send none?",
            "The name is the argument; the empty text is no name.",
            'reply = client.ehlo("")',
        ),
        _ehlo_without_name,
        "501: the verb is known, its argument is wrong. 500 would be an unknown verb.",
    ),
)
