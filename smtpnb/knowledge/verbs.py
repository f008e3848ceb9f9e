"""The verbs of SMTP in plain words: what each asks, and how it is written (RFC 5321 §4.1)."""

from typing import Final, NamedTuple

from smtpnb.knowledge.rfc import Reference


class Verb(NamedTuple):
    """A verb explained.

    Attributes:
        name: in capitals.
        purpose: what it asks of the server, one plain sentence.
        syntax: how the whole command is written.
        reference: where it is defined; None where no RFC does.
        occasion: who says it and when, one plain sentence.
        replies: the codes it usually gets; 421, 500 and 501 any command may get besides (RFC 5321 §4.3.2).
        advice: what to do with it, one sentence.
    """

    name: str
    purpose: str
    syntax: str
    reference: Reference | None
    occasion: str
    replies: tuple[int, ...]
    advice: str


def _smtp(section: str) -> Reference:
    return Reference(5321, section)


_UNKNOWN: Final = "No standard that smtpnb knows has this verb."
_UNKNOWN_WHEN: Final = "The client said it; nothing more is known."
_ASK: Final = "Check the spelling, and ask EHLO or HELP which verbs there are."

#: Verb → what it asks.
VERBS: Final = {
    row.name: row
    for row in (
        Verb(
            "EHLO",
            "Introduces the client and asks what extensions there are.",
            "EHLO domain",
            _smtp("4.1.1.1"),
            "The client says it first, and again after STARTTLS.",
            (250, 502, 504, 550),
            "Read the list it brings: what is not on it need not be tried.",
        ),
        Verb(
            "HELO",
            "Introduces the client, the old way without extensions.",
            "HELO domain",
            _smtp("4.1.1.1"),
            "The client says it first, where EHLO is not known.",
            (250, 502, 504, 550),
            "Use EHLO unless the server refuses it.",
        ),
        Verb(
            "MAIL",
            "Opens a mail transaction and names the sender, to whom failures are reported.",
            "MAIL FROM:<address> [parameter …]",
            _smtp("4.1.1.2"),
            "The client says it to begin each message, once the session is open.",
            (250, 451, 452, 455, 503, 550, 552, 553, 555),
            "Go on with RCPT.",
        ),
        Verb(
            "RCPT",
            "Names one recipient of the message.",
            "RCPT TO:<address> [parameter …]",
            _smtp("4.1.1.3"),
            "The client says it after MAIL, once for each recipient.",
            (250, 251, 450, 451, 452, 455, 503, 550, 551, 552, 553, 555),
            "Look at each reply: some recipients may be refused and others not.",
        ),
        Verb(
            "DATA",
            "Announces the content, which ends with a line of a lone dot.",
            "DATA",
            _smtp("4.1.1.4"),
            "The client says it after the last RCPT.",
            (354, 450, 451, 452, 503, 550, 552, 554),
            "Send the content only after a 354.",
        ),
        Verb(
            "BDAT",
            "Sends a counted chunk of the content.",
            "BDAT octets [LAST]",
            Reference(3030, "2"),
            "The client says it after the last RCPT, in place of DATA, once for each chunk.",
            (250, 452, 503, 552, 554),
            "Use it only where EHLO lists CHUNKING.",
        ),
        Verb(
            "RSET",
            "Drops the open mail transaction.",
            "RSET",
            _smtp("4.1.1.5"),
            "The client may say it at any time outside the content.",
            (250,),
            "Begin again with MAIL.",
        ),
        Verb(
            "VRFY",
            "Asks whether a name is a user here.",
            "VRFY name",
            _smtp("4.1.1.6"),
            "The client may say it at any time after EHLO.",
            (250, 251, 252, 502, 504, 550, 551, 553),
            "Take 252 for no answer at all.",
        ),
        Verb(
            "EXPN",
            "Asks who is on a mailing list.",
            "EXPN list",
            _smtp("4.1.1.7"),
            "The client may say it at any time after EHLO.",
            (250, 252, 500, 502, 504, 550),
            "Expect a refusal: most servers keep their lists to themselves.",
        ),
        Verb(
            "HELP",
            "Asks for help in words meant for people.",
            "HELP [topic]",
            _smtp("4.1.1.8"),
            "The client may say it at any time.",
            (211, 214, 502, 504),
            "Read it yourself: it is made for people.",
        ),
        Verb(
            "NOOP",
            "Asks for nothing but an answer.",
            "NOOP",
            _smtp("4.1.1.9"),
            "The client may say it at any time.",
            (250,),
            "Use it to see whether the server is still there.",
        ),
        Verb(
            "QUIT",
            "Says goodbye.",
            "QUIT",
            _smtp("4.1.1.10"),
            "The client says it last.",
            (221,),
            "Close the connection after the reply.",
        ),
        Verb(
            "STARTTLS",
            "Asks to encrypt the connection from here on.",
            "STARTTLS",
            Reference(3207, "4"),
            "The client says it once, after EHLO and before AUTH and MAIL.",
            (220, 454, 501),
            "Make the handshake after a 220, then send EHLO again.",
        ),
        Verb(
            "AUTH",
            "Begins a login with the mechanism named.",
            "AUTH mechanism [initial-response]",
            Reference(4954, "4"),
            "The client says it once, after EHLO, better inside TLS, and before MAIL.",
            (235, 334, 432, 454, 500, 501, 503, 504, 534, 535, 538),
            "Answer each 334, or send a lone * to cancel.",
        ),
        Verb(
            "ETRN",
            "Asks the server to send on the mail waiting for a host.",
            "ETRN domain",
            Reference(1985, "5"),
            "The client says it after EHLO, to fetch mail for its own host.",
            (250, 251, 252, 253, 458, 459, 501),
            "Wait for a connection from the server: the mail comes on that.",
        ),
        Verb(
            "ATRN",
            "Turns the connection round to fetch the mail of these domains.",
            "ATRN [domain,…]",
            Reference(2645),
            "The client says it after AUTH.",
            (250, 450, 451, 453, 502, 530),
            "Be ready to take the part of the server.",
        ),
        Verb(
            "BURL",
            "Sends a chunk of the content by its IMAP URL.",
            "BURL url [LAST]",
            Reference(4468),
            "The client says it after the last RCPT, in place of DATA.",
            (250, 554),
            "Use it only where EHLO lists BURL.",
        ),
        Verb(
            "TURN",
            "Asked to swap the roles of client and server; obsolete and unsafe.",
            "TURN",
            Reference(821),
            "Nobody says it any more.",
            (502,),
            "Use ETRN or ATRN.",
        ),
        Verb(
            "SEND",
            "Opened a message to the user's terminal; obsolete.",
            "SEND FROM:<address>",
            Reference(821),
            "Nobody says it any more.",
            (502,),
            "Use MAIL.",
        ),
        Verb(
            "SOML",
            "Opened a message to terminal or mailbox; obsolete.",
            "SOML FROM:<address>",
            Reference(821),
            "Nobody says it any more.",
            (502,),
            "Use MAIL.",
        ),
        Verb(
            "SAML",
            "Opened a message to terminal and mailbox; obsolete.",
            "SAML FROM:<address>",
            Reference(821),
            "Nobody says it any more.",
            (502,),
            "Use MAIL.",
        ),
        Verb(
            "XCLIENT",
            "Tells who the real client behind a proxy is; made by Postfix.",
            "XCLIENT name=value …",
            None,
            "A proxy says it before EHLO.",
            (220, 501, 550),
            "Leave it: the server has to trust you first.",
        ),
        Verb(
            "XFORWARD",
            "Tells for the log who the first client was; made by Postfix.",
            "XFORWARD name=value …",
            None,
            "A filter says it before MAIL.",
            (250, 501, 550),
            "Leave it: the server has to trust you first.",
        ),
    )
}


def row(verb: str) -> Verb:
    """What the verb asks; where no table has it, a sentence that says so."""
    name = verb.upper()
    return VERBS.get(name) or Verb(name, _UNKNOWN, name, None, _UNKNOWN_WHEN, (500, 502), _ASK)
