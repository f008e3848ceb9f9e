"""The errors of smtpnb: one tree, each with a likely cause and something to try.

    SmtpError
    ├── SmtpConnectError    (also ConnectionError)   no connection came about
    ├── SmtpDisconnected    (also ConnectionError)   there is no connection, or it ended
    ├── SmtpTimeout         (also TimeoutError)      the deadline passed
    ├── SmtpProtocolError                            the server broke the protocol; nothing it says is to be trusted
    ├── SmtpTlsError                                 no TLS came about
    ├── SmtpInsecureError                            refused to send a secret in the clear
    └── SmtpReplyError                               a 4xx or 5xx, where `raise_for_status()` was asked for

A 4xx or 5xx reply is a reply, never an error by itself. A bad argument is a `ValueError` or `TypeError` before a
byte is sent. No message holds a secret, and what a server said is in it only after `text.visible`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from smtpnb.displayable import Displayable

if TYPE_CHECKING:
    from smtpnb.protocol.reply import SmtpReply

__all__ = [
    "SmtpConnectError",
    "SmtpDisconnected",
    "SmtpError",
    "SmtpInsecureError",
    "SmtpProtocolError",
    "SmtpReplyError",
    "SmtpTimeout",
    "SmtpTlsError",
]


#: Columns of an error shown in place of a traceback: as many as JupyterLab has on a page 1,024 pixels wide.
_WIDTH: Final = 72


class SmtpError(Displayable, Exception):
    """What went wrong, why it probably did, and what to try.

    Args:
        message: what happened, one sentence.
        cause: the likely cause, one or two sentences; empty where nothing is likely.
        advice: what to try, one step each.
    """

    def __init__(self, message: str, *, cause: str = "", advice: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.advice = (advice,) if isinstance(advice, str) else tuple(advice)

    def __reduce__(self) -> tuple[Any, ...]:
        """By message, cause and advice: errors travel between processes."""
        return _rebuilt, (type(self), self.message, self.cause, self.advice)

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"  # `args` holds the first wording, which may have grown since

    def to_text(self) -> str:
        """The whole card as text: what happened, the likely cause, what to try."""
        lines = [f"{type(self).__name__}: {self.message}"]
        if self.cause:
            lines.append(f"  Likely cause: {self.cause}")
        lines += [f"  Try: {step}" for step in self.advice]
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: a short card in place of forty lines of socket code.

        JupyterLab breaks a traceback in the middle of words where a line is too long, so the lines are made short here.
        """
        import textwrap  # noqa: PLC0415 - few sessions have an error to show

        # Each with what follows set in; a long name or token stays in one piece, to be copied.
        fold = textwrap.TextWrapper(_WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        return [line for whole in self.to_text().split("\n") for line in fold.wrap(whole)]


def _rebuilt(kind: type[SmtpError], message: str, cause: str, advice: Sequence[str]) -> SmtpError:
    return kind(message, cause=cause, advice=advice)


class SmtpConnectError(SmtpError, ConnectionError):
    """No connection came about: the name does not resolve, nothing listens, no route."""


class SmtpDisconnected(SmtpError, ConnectionError):
    """There is no connection: it was never made, was closed, or was lost. `connect()` starts afresh."""


class SmtpTimeout(SmtpError, TimeoutError):
    """The deadline passed. The connection is closed: a late answer must not be taken for the next command's."""


class SmtpProtocolError(SmtpError):
    """What came is not SMTP, or breaks a limit, or belongs to no command. The connection is closed."""


class SmtpTlsError(SmtpError):
    """No TLS came about: no trust in the certificate, no common version, or no TLS at the other end at all."""


class SmtpInsecureError(SmtpError):
    """A secret would have crossed the network in the clear; nothing was sent."""


class SmtpReplyError(SmtpError):
    """A reply that `raise_for_status()` holds for a failure; it is in `reply`."""

    def __init__(self, reply: "SmtpReply") -> None:
        answered = f" to {reply.shown_command}" if reply.command else ""
        hint = reply.hint
        cause = f"{reply.meaning} {hint.meaning}" if hint else reply.meaning
        advice = (*reply.advice, hint.step) if hint else reply.advice
        super().__init__(f"the server said {reply.shown}{answered}", cause=cause, advice=advice)
        self.reply = reply

    def __reduce__(self) -> tuple[Any, ...]:
        """By its reply."""
        return SmtpReplyError, (self.reply,)
