"""A part of a transcript, or all of it, chosen for showing: `transcript.show(…)`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from smtpnb.displayable import Displayable
from smtpnb.exchange import Entry, Exchange, text_lines
from smtpnb.text import plural, visible
from smtpnb.timing import milliseconds

#: What chooses exchanges: a word, several (any of them), or a function of an exchange.
Filter: TypeAlias = "str | tuple[str, ...] | list[str] | Callable[[Exchange], bool] | None"

#: Word → whether an exchange is meant by it; verbs and reply codes are words too.
_WORDS: Final[dict[str, Callable[[Exchange], bool]]] = {
    "refused": lambda exchange: exchange.reply is not None and not exchange.reply.success,
    "tls": lambda exchange: exchange.secure,
    "clear": lambda exchange: not exchange.secure,
    "content": lambda exchange: exchange.octets > 0,
    "pipelined": lambda exchange: exchange.pipelined,
    "unanswered": lambda exchange: exchange.reply is None,
}


@dataclass(frozen=True)
class Selection(Displayable):
    """Entries of a transcript, chosen and to be shown.

    Attributes:
        entries: the entries chosen, in order.
        total: how many there are in the transcript.
        chosen_by: the filter in words; empty where nothing was left out by one.
        everything: whether nothing is cut, however much it is.
        timing: whether to show when each was sent, and how long the reply took.
    """

    entries: tuple[Entry, ...]
    total: int
    chosen_by: str = ""
    everything: bool = False
    timing: bool = False

    def to_text(self) -> str:
        """The entries as text, after swaks' notation, each with its seconds where timing is shown."""
        lines = [self.summary] if self.chosen_by else []
        for entry in self.entries:
            start = f"{milliseconds(entry.at):>12} " if self.timing else ""
            lines += (start + line for line in text_lines(entry))
        return "\n".join(lines)

    @property
    def summary(self) -> str:
        """`2 of 14 entries: RCPT`: what was chosen."""
        count = f"{len(self.entries):,} of {plural(self.total, 'entry', 'entries')}"
        return f"{count}: {self.chosen_by}" if self.chosen_by else plural(self.total, "entry", "entries")

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Selection of a transcript: {self.summary}>"


def selection(entries: tuple[Entry, ...], chosen: Filter, *, everything: bool, timing: bool) -> Selection:
    """The entries that `chosen` means; remarks only where there is no filter.

    Raises:
        ValueError: a word that means nothing.
        TypeError: a filter that is neither words nor a function.
    """
    if chosen is None:
        return Selection(entries, len(entries), "", everything, timing)
    if callable(chosen):
        wanted, words = chosen, "by a function"
    else:
        names = (chosen,) if isinstance(chosen, str) else tuple(chosen)
        tests = [_test(name) for name in names]
        wanted, words = lambda exchange: any(test(exchange) for test in tests), ", ".join(names)
    kept = tuple(entry for entry in entries if isinstance(entry, Exchange) and wanted(entry))
    return Selection(kept, len(entries), visible(words), everything, timing)


def _test(word: str) -> Callable[[Exchange], bool]:
    if not isinstance(word, str):
        raise TypeError(f"a filter is words or a function of an exchange, not {type(word).__name__}")
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    digits = word.lower().replace("x", "")
    if digits.isascii() and digits.isdigit() and len(word) == 3:
        return lambda exchange: exchange.reply is not None and str(exchange.reply.code).startswith(digits)
    if word == "." or (word.isascii() and word.replace("-", "").isalnum()):
        return lambda exchange: _verb(exchange) == word.upper()
    raise ValueError(
        f"{visible(word)!r} chooses nothing: a verb ('RCPT'), a code ('550', '5xx'), or one of {', '.join(_WORDS)}"
    )


def _verb(exchange: Exchange) -> str:
    return (exchange.command or "").lstrip().partition(" ")[0].upper()
