"""The card of an error: what happened, the likely cause, what to try."""

from smtpnb.display import kit
from smtpnb.display.reply_card import server_lines
from smtpnb.errors import SmtpError, SmtpReplyError
from smtpnb.text import plural


def error_card(error: SmtpError) -> kit.Element:
    """The same facts as `SmtpError.to_text`; for a refused reply all of its lines too."""
    return kit.card(
        kit.BAD,
        kit.heading(kit.glyph(kit.BAD), " ", kit.title(f"{type(error).__name__}:"), " ", kit.prose(error.message)),
        error.cause and kit.section(kit.strong("Likely cause:"), " ", kit.prose(error.cause)),
        kit.note(kit.INFO, "Try", [kit.prose(step) for step in error.advice]),
        isinstance(error, SmtpReplyError) and _whole_reply(error),
    )


def _whole_reply(error: SmtpReplyError) -> kit.Element:
    lines = plural(len(error.reply.lines), "line")
    return kit.folded(f"The whole reply ({lines})", list(server_lines(error.reply)))
