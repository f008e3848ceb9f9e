"""What one would do next in a session after a reply: a hint for people, never a rule (RFC 5321 §3)."""

from typing import TYPE_CHECKING, Final

from smtpnb.knowledge import enhanced_status, reply_codes
from smtpnb.protocol.conversation import ANYWHERE, EXTENDED, Conversation, Stage

if TYPE_CHECKING:
    from smtpnb.protocol.reply import SmtpReply

#: State → the usual way on.
_USUAL: Final = {
    Stage.GREETED: "Introduce yourself with EHLO.",
    Stage.READY: "Open a mail transaction with MAIL, or ask about a name with VRFY.",
    Stage.SENDER: "Name the first recipient with RCPT.",
    Stage.RECIPIENTS: "Name another recipient with RCPT, or begin the message with DATA.",
}
_AFTER_STARTTLS: Final = "Send EHLO again: what was learnt in the clear is forgotten (RFC 3207 §4.2)."
_TLS_FIRST: Final = "STARTTLS is on offer and this is still cleartext: encrypt before you log in or send mail."
_LOGIN_FIRST: Final = "AUTH is on offer: log in, or open a mail transaction with MAIL."
_LOGIN_IN_CLEAR: Final = (
    "AUTH is on offer, but TLS is neither on nor offered: everyone on the way could read a password, so log in only "
    "where that does no harm, or try port 465, where TLS comes first (RFC 8314 §3)."
)
_LOGIN_MISSING: Final = "TLS is on already, so a login is what is missing: send AUTH, then repeat the command."
_EARLIER_REFUSED: Final = "Look at the replies before this one: a command that was refused does not count."


def next_steps(reply: "SmtpReply") -> tuple[str, ...]:
    """What to try next, one sentence each: the knowledge's advice, else the usual way on from here."""
    if reply.code == 503 and reply.conversation:
        return _in_order(reply, reply.conversation)
    if reply.code == 530 and _lacks_login_only(reply.conversation):
        return (_LOGIN_MISSING,)
    advice = _advice(reply)
    if advice or not reply.success or reply.conversation is None:
        return advice
    step = _usual(reply, reply.conversation)
    return (step,) if step else ()


def _lacks_login_only(before: Conversation | None) -> bool:
    return before is not None and before.secure and not before.authenticated


def _advice(reply: "SmtpReply") -> tuple[str, ...]:
    """The enhanced status's own advice where that knows more than the code's."""
    status = reply.enhanced_status
    if reply.success or status is None:
        return reply_codes.advice(reply.code, reply.asked, reply.status_pair)
    pair = (status.subject, status.detail)
    row = enhanced_status.STATUSES.get(pair)
    vague = status.detail == 0 or status.subject == 5 or pair == (7, 1) or status.class_ != reply.severity
    if row is None or vague or reply_codes.is_finer(reply.code, reply.asked, pair):
        return reply_codes.advice(reply.code, reply.asked, reply.status_pair)
    return (row.advice,)


# -- a command out of order --------------------------------------------------------------------------------------


def _in_order(reply: "SmtpReply", before: Conversation) -> tuple[str, ...]:
    """What the standard expected in place of the command, and what to think where it expected just that."""
    verb = reply_codes.names(reply.asked)[-1]
    if verb == "." or before.stage is Stage.AUTH:
        return reply_codes.advice(reply.code, reply.asked)
    if before.expects(verb):
        fits = f"By the order of the standard {verb} fits here, so this server sees it otherwise: read its text."
        return (fits, *reply_codes.advice(reply.code, verb))
    steps = [f"Here: {before.why_not(verb)}."]
    if before.allowed:
        steps.append(_expected(before, verb))
    if verb in ("RCPT", "DATA", "BDAT") and before.stage in (Stage.READY, Stage.SENDER):
        steps.append(_EARLIER_REFUSED)
    return tuple(steps)


def _expected(before: Conversation, verb: str) -> str:
    introductions = ("EHLO",) if verb in EXTENDED else ("EHLO", "HELO")
    own = [each for each in before.allowed if each not in (*ANYWHERE, "EHLO", "HELO")]
    if not own or (verb in EXTENDED and before.greeted_with == "HELO"):
        own = [*introductions, *own]
    return f"Expected here: {', '.join(own)}, or a command that fits anywhere, such as RSET."


# -- the usual way on --------------------------------------------------------------------------------------------


def _usual(reply: "SmtpReply", before: Conversation) -> str | None:
    if reply.command is None:
        return _USUAL[Stage.GREETED]
    if (reply.verb, reply.code) == ("STARTTLS", 220):
        return _AFTER_STARTTLS
    if reply.verb == "EHLO":
        return _offered(reply, before)
    return _USUAL.get(before.after(reply.command, reply.code).stage)


def _offered(reply: "SmtpReply", before: Conversation) -> str:
    """The step that the EHLO reply itself suggests; TLS comes before login, login before mail."""
    keywords = {line[:16].partition(" ")[0].partition("=")[0].upper() for line in reply.lines[1:]}
    if "STARTTLS" in keywords and not reply.secure:
        return _TLS_FIRST
    if "AUTH" in keywords and not before.authenticated:
        return _LOGIN_FIRST if reply.secure else _LOGIN_IN_CLEAR
    return _USUAL[Stage.READY]
