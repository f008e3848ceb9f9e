"""The exercises of notebook 08: round trips counted, replies given to their commands, the exact end of mail data."""

from collections.abc import Sequence
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise
from smtpnb.exercises.judging import Case, function

# -- round trips -------------------------------------------------------------------------------------------------

#: RFC 2920 §3.1: what may stand anywhere in a group; "." stands for the content, which may begin one.
_ANYWHERE: Final = frozenset({"MAIL", "RCPT", "RSET", "."})

_SESSIONS: Final = (
    "MAIL RCPT DATA",
    "EHLO MAIL RCPT RCPT RCPT DATA . QUIT",
    "MAIL RCPT RCPT",
    "NOOP NOOP",
    "",
    "EHLO STARTTLS EHLO AUTH MAIL RCPT DATA . QUIT",
    "EHLO MAIL RCPT DATA . MAIL RCPT DATA . QUIT",
    "RSET MAIL RCPT VRFY RCPT DATA .",
)


def _rounds(verbs: Sequence[str], *, anywhere: frozenset[str] = _ANYWHERE, rest: bool = True) -> int:
    ending = [verb not in anywhere for verb in verbs]
    return sum(ending) + (rest and bool(ending) and not ending[-1])


_round_trips = function(
    "round_trips",
    [Case((tuple(verbs.split()),), _rounds(verbs.split())) for verbs in _SESSIONS],
    [
        (len, "That is one for each: without PIPELINING. MAIL, RCPT, RSET and the content need not wait for their replies."),
        (lambda verbs: int(bool(verbs)), "Not all of it may go out at once: EHLO, DATA, NOOP and others end a group."),
        (lambda verbs: _rounds(verbs, rest=False), "What is left behind the last group goes out, too, and is one round trip more."),
        (lambda verbs: _rounds(verbs, anywhere=_ANYWHERE - {"."}),
         "The content need not end a group: QUIT, or the next MAIL, may follow in the same write (RFC 2920 §3.1)."),
        (lambda verbs: _rounds(verbs, anywhere=_ANYWHERE | {"DATA"}), "DATA ends a group: whether the content may follow is in its reply."),
        (lambda verbs: _rounds(verbs, anywhere=_ANYWHERE | {"NOOP"}), "NOOP ends a group: it is there to wait for (RFC 2920 §3.1)."),
        (lambda verbs: _rounds(verbs, anywhere=_ANYWHERE - {"RSET"}), "RSET may stand anywhere in a group."),
        (lambda verbs: sum(verb not in _ANYWHERE for verb in verbs) + 1,
         "One more is right only where something is left behind the last group."),
    ],
)  # fmt: skip

# -- which reply answers which command ---------------------------------------------------------------------------

_BEGUN: Final = ("MAIL", "RCPT", "RCPT", "DATA")

_STREAMS: Final = (
    (_BEGUN, "250 Sender\r\n250 Bob\r\n550 Nobody\r\n354 Go on\r\n"),
    (("RSET", "VRFY"), "250 Reset\r\n553-Which one?\r\n553-Ann\r\n553 Anne\r\n"),
    (("MAIL", "RCPT", "DATA"), "250-Sender\r\n250 accepted\r\n550-No\r\n550 such user\r\n503 RCPT first\r\n"),
    (("MAIL", "RCPT", "DATA"), "250 Sender\r\n421 Closing\r\n"),
    (("NOOP",), "250\r\n"),
    (("MAIL", "RCPT"), ""),
    (("EXPN",), "250-Ann 250 <a@b.example>\r\n250 550 <c@d.example>\r\n"),
    (("MAIL", "RCPT", "DATA"), "250-Sender\r\n250 accepted\r\n250-Recip"),
)


def _given(verbs: Sequence[str], raw: str, *, whole: bool = True, missing: bool = True) -> list[tuple[str, int | None]]:
    """Each verb with its code; None where no whole reply came."""
    lines = raw.split("\r\n")[:-1]
    codes = [int(line[:3]) for line in lines if not whole or line[3:4] != "-"]
    rest: list[int | None] = [None] * (len(verbs) - len(codes)) if missing else []
    return list(zip(verbs, [*codes, *rest], strict=False))


_answers = function(
    "answers",
    [Case(stream, _given(*stream)) for stream in _STREAMS],
    [
        (lambda verbs, raw: _given(verbs, raw, whole=False),
         "A reply may have several lines: those with 250- belong to the one that ends it. Count replies, not lines."),
        (lambda verbs, raw: _given(verbs, raw, missing=False),
         "A command without a reply is to be in the list, too, with None: the server hung up, or is not done."),
        (lambda verbs, raw: dict(_given(verbs, raw)), "A mapping keeps one RCPT only. A list of pairs keeps them all."),
        (lambda verbs, raw: [code for _, code in _given(verbs, raw)], "Pairs are wanted: (verb, code)."),
        (lambda verbs, raw: [(verb, None if code is None else str(code)) for verb, code in _given(verbs, raw)],
         "The code is text. Make it a number: int(line[:3])."),
        (lambda verbs, raw: [(code, verb) for verb, code in _given(verbs, raw)], "The other way round: first the verb, then the code."),
    ],
)  # fmt: skip

# -- the end of mail data ----------------------------------------------------------------------------------------

_DATA: Final = {
    b"Hi\r\n.\r\n": "",
    b"Hi\r\n.\r\nQUIT\r\n": "What follows the end is the next command.",
    b"Hi\r\n": "",
    b"Hi\n.\r\nQUIT\r\n": "LF alone is no line end: this dot does not stand alone on a line.",
    b".\r\n": "A message may be empty: the CR LF before its dot is that of the DATA command.",
    b"Hi\r\n..\r\n.\r\n": "Two dots are a stuffed one, and end nothing.",
    b"Hi.\r\nBye\r\n.\r\n": "This first dot ends a sentence, not the message.",
    b"Hi\r\n.\nQUIT\r\n": "LF alone is no line end.",
    b"Hi\r.\r\n": "CR alone is no line end.",
    b"Hi\r\n.\r": "The last octet may still be on its way.",
    b"": "",
    b"a\r\n.\r\nb\r\n.\r\n": "The first end is the end.",
}


def _end(octets: bytes, *, end: bytes = b"\r\n.\r\n", head: bytes = b"\r\n") -> int | None:
    at = (head + octets).find(end)
    return None if at < 0 else at + len(end) - len(head)


def _lax(octets: bytes) -> int | None:
    ends = [at for end in (b"\r\n.\r\n", b"\n.\r\n", b"\r\n.\n", b"\n.\n") if (at := _end(octets, end=end)) is not None]
    return min(ends, default=None)


_end_of_data = function(
    "end_of_data",
    [Case((octets,), _end(octets), because) for octets, because in _DATA.items()],
    [
        (lambda octets: _end(octets, head=b""),
         "Nearly: an empty message is a dot at the very beginning. The CR LF before it is that of the DATA command."),
        (_lax, "That is how smuggling works: LF is no line end. Only CR LF . CR LF ends the data."),
        (lambda octets: _end(octets, end=b"\n.\r\n"), "That takes LF . CR LF for the end, too: smuggling works there."),
        (lambda octets: _end(octets, end=b".\r\n", head=b""), "A dot at the end of a sentence is not alone on its line."),
        (lambda octets: None if (at := octets.find(b"\r\n.\r\n")) < 0 else at, "That is where the end begins. How many octets is it with the end?"),
        (lambda octets: len(octets) if octets.endswith(b"\r\n.\r\n") else None,
         "More may have come behind the end: commands, or somebody else's message."),
        (lambda octets: None if (at := (b"\r\n" + octets).rfind(b"\r\n.\r\n")) < 0 else at + 3, "rfind finds the last one. The first end is the end."),
        (lambda octets: _end(octets) or -1, "None is wanted where there is no end yet: -1 is what find says."),
    ],
)  # fmt: skip

EXERCISES: Final[tuple[Any, ...]] = (
    Exercise(
        "round_trips",
        "08",
        "Write round_trips(verbs): in how many round trips, as few as are allowed, a client says these verbs to a server with "
        'PIPELINING. "." stands for the content.',
        ("round_trips",),
        (
            "Four may stand anywhere in a group: MAIL, RCPT, RSET and the content. Every other verb ends its group.",
            "Each verb that ends a group is one round trip. Is anything left behind the last of them? Then one more.",
            'ends = [verb not in ("MAIL", "RCPT", "RSET", ".") for verb in verbs]; return sum(ends) + (bool(ends) and not ends[-1])',
        ),
        _round_trips,
        "However many recipients there are: the round trips do not grow with them.",
    ),
    Exercise(
        "answers",
        "08",
        "Write answers(verbs, raw): a list of pairs (verb, code), from the verbs in the order they were sent and all that "
        "came back, as text; None as the code where no whole reply came.",
        ("answers",),
        (
            "Replies come in the order of the commands. The only question is where each reply ends.",
            'Cut raw at "\\r\\n". A line whose fourth character is "-" is not the last of its reply: skip it.',
            'codes = [int(line[:3]) for line in raw.split("\\r\\n")[:-1] if line[3:4] != "-"]; fill it up with None to the length of verbs, and zip the two.',
        ),
        _answers,
        "Order is all that ties a reply to its command. Lose count once, and every later answer is for somebody else.",
    ),
    Exercise(
        "end_of_data",
        "08",
        "Write end_of_data(octets) for what came behind the 354: how many octets the mail data has, its end included; None if "
        "the end is not there yet.",
        ("end_of_data",),
        (
            "Five octets end the data: CR LF . CR LF. What if the message is empty?",
            'The CR LF of the DATA command counts as the first two: look into b"\\r\\n" + octets.',
            'at = (b"\\r\\n" + octets).find(b"\\r\\n.\\r\\n"); return None if at < 0 else at + 3',
        ),
        _end_of_data,
        "Exactly those octets and no others: a server that is kinder than this lets strangers send mail in your name.",
    ),
)
