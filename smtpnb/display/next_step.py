"""What one would do next in a session after a reply: a hint for people, never a rule (RFC 5321 §3)."""

from typing import Final

from smtpnb.protocol.conversation import Conversation, Stage
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


def next_steps(reply: SmtpReply) -> tuple[str, ...]:
    """What to try next, one sentence each: the knowledge's advice, else the usual way on from here."""
    if reply.code == 503 and reply.conversation and (reason := reply.conversation.why_not(reply.verb)):
        return (f"Here: {reason}.", *reply.advice)
    if reply.advice or not reply.success or reply.conversation is None:
        return reply.advice
    step = _usual(reply, reply.conversation)
    return (step,) if step else ()


def _usual(reply: SmtpReply, before: Conversation) -> str | None:
    if reply.command is None:
        return _USUAL[Stage.GREETED]
    if (reply.verb, reply.code) == ("STARTTLS", 220):
        return _AFTER_STARTTLS
    if reply.verb == "EHLO":
        return _offered(reply, before)
    return _USUAL.get(before.after(reply.command, reply.code).stage)


def _offered(reply: SmtpReply, before: Conversation) -> str:
    """The step that the EHLO reply itself suggests; TLS comes before login, login before mail."""
    keywords = {line[:16].partition(" ")[0].upper() for line in reply.lines[1:]}
    if "STARTTLS" in keywords and not reply.secure:
        return _TLS_FIRST
    if "AUTH" in keywords and not before.authenticated:
        return _LOGIN_FIRST
    return _USUAL[Stage.READY]
