"""What the server answers: reply code, enhanced status code, lines; and the octets they make.

RFC 5321 §4.2 gives the form of a reply, RFC 2034 §4 the place of the enhanced status code. An answer knows nothing
of sockets, and its text is the sandbox's own: nothing a client said is in it unless the grammar let it through.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from smtpnb.text import encoded

_PARSED: Final = re.compile(r"(?P<code>[2-5][0-5][0-9])(?: (?P<status>[245]\.\d{1,3}\.\d{1,3}))?(?: (?P<text>.*))?")


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole reply.

    Attributes:
        code: the reply code.
        status: the enhanced status code such as `5.1.1`; empty where RFC 2034 wants none (greeting, EHLO, 3xx).
        lines: the text of each line, at least one.
    """

    code: int
    status: str
    lines: tuple[str, ...]

    def __post_init__(self) -> None:
        if any(end in line for line in self.lines for end in "\r\n"):
            raise ValueError(f"CR or LF in the text of an answer: {self.lines!r}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The answer that `text` writes down, such as `451 4.3.0 Try again later`.

        Raises:
            ValueError: it is no reply, or more than one line.
        """
        match = _PARSED.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is no reply: write a code and a text, such as '451 4.3.0 Try again later'")
        return cls(int(match["code"]), match["status"] or "", (match["text"] or "",))

    @property
    def closes(self) -> bool:
        """Whether the connection ends behind it (RFC 5321 §3.8): 221 after QUIT, 421 at any time."""
        return self.code in (221, 421)

    def octets(self, *, enhanced: bool = True) -> bytes:
        """The reply as it goes on the wire.

        Args:
            enhanced: whether the enhanced status code is said, on every line (RFC 2034 §4).
        """
        status = f"{self.status} " if enhanced and self.status else ""
        last = len(self.lines) - 1
        texts = (f"{self.code}{'-' if n < last else ' '}{status}{line}" for n, line in enumerate(self.lines))
        return b"".join(encoded(text) + b"\r\n" for text in texts)


def answer(code: int, status: str, *lines: str) -> Answer:
    """The answer of these lines."""
    return Answer(code, status, lines)


class Refusal(Exception):  # noqa: N818 - not an error of ours: the reply a client gets for one of its own
    """Ends the handling of a command with a reply.

    Args:
        code: the reply code, 4xx or 5xx.
        status: the enhanced status code.
        lines: the text.
    """

    def __init__(self, code: int, status: str, *lines: str) -> None:
        super().__init__(code, status, *lines)
        self.answer = Answer(code, status, lines)
