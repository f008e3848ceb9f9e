"""EHLO keywords in plain words: what each extension is for and what its parameters mean (RFC 5321 §2.2).

Besides the registered keywords there are those that servers offer without a standard. A keyword in no row falls back on
a sentence that says so.
"""

from typing import Final, NamedTuple

from smtpnb.knowledge.rfc import Reference


class Extension(NamedTuple):
    """An EHLO keyword explained.

    Attributes:
        keyword: in capitals.
        purpose: what it is for, one plain sentence.
        parameters: what stands behind the keyword, one plain sentence; empty where nothing does.
        reference: where it is defined; None where no RFC does.
        advice: how to make use of it, one sentence.
        occasion: who says it and when, one sentence.
    """

    keyword: str
    purpose: str
    parameters: str
    reference: Reference | None
    advice: str
    occasion: str = "The server, in its EHLO reply."


_SIZE: Final = "The number is the largest message in octets; 0, or none, means that there is no fixed limit."
_ASK: Final = "Leave it, or ask the operator of the server what it does."
_OLD: Final = Reference(821)

#: Keyword → what it is for.
EXTENSIONS: Final = {
    row.keyword: row
    for row in (
        Extension(
            "8BITMIME",
            "The content may hold octets above 127.",
            "",
            Reference(6152),
            "Add BODY=8BITMIME to MAIL, then send the content as it is.",
        ),
        Extension(
            "ATRN",
            "A logged-in client may turn the connection round to fetch its mail.",
            "",
            Reference(2645),
            "Log in, then send ATRN with the domains whose mail you want.",
        ),
        Extension(
            "AUTH",
            "The client can log in.",
            "Each parameter is a login mechanism that the server accepts.",
            Reference(4954, "3"),
            "Send AUTH and a mechanism of the list, inside TLS.",
            "The server, in its EHLO reply, often only inside TLS, and not after a login.",
        ),
        Extension(
            "BINARYMIME",
            "The content may be any octets, without lines, sent with BDAT.",
            "",
            Reference(3030, "3"),
            "Add BODY=BINARYMIME to MAIL, then send the content with BDAT.",
        ),
        Extension(
            "BURL",
            "The server can fetch the content from an IMAP server by its URL.",
            "The parameters name the IMAP servers, or URL kinds, that it accepts.",
            Reference(4468),
            "Send BURL and the URL in place of DATA.",
        ),
        Extension(
            "CHECKPOINT",
            "A broken-off transaction can be resumed.",
            "",
            Reference(1845),
            "Leave it: hardly any server has it today.",
        ),
        Extension(
            "CHUNKING",
            "The content can be sent in counted chunks with BDAT.",
            "",
            Reference(3030, "2"),
            "Send BDAT, the number of octets and the octets themselves, with LAST on the last one.",
        ),
        Extension(
            "CONNEG",
            "The server can say what content the recipient can handle.",
            "",
            Reference(4141),
            "Add CONNEG to RCPT to be told.",
        ),
        Extension(
            "CONPERM",
            "The sender can permit conversion of the content.",
            "",
            Reference(4141),
            "Add CONPERM to MAIL to permit it.",
        ),
        Extension(
            "DELIVERBY",
            "The sender can set a time by which the message has to be delivered.",
            "The number is the shortest time in seconds that the server accepts.",
            Reference(2852),
            "Add BY=3600;R to MAIL to have it returned after an hour.",
        ),
        Extension(
            "DSN",
            "The sender can say which delivery reports are wanted.",
            "",
            Reference(3461, "3"),
            "Add NOTIFY=SUCCESS,FAILURE to RCPT, or RET=HDRS to MAIL.",
        ),
        Extension(
            "ENHANCEDSTATUSCODES",
            "Replies begin with a finer status such as 5.1.1.",
            "",
            Reference(2034, "4"),
            "Read the three numbers in front of a reply's text.",
        ),
        Extension(
            "ETRN",
            "The client can ask the server to send on the mail waiting for a host.",
            "",
            Reference(1985, "3"),
            "Send ETRN and the host's name.",
        ),
        Extension(
            "EXPN",
            "The server may show the members of a mailing list.",
            "",
            Reference(5321, "4.1.1.7"),
            "Send EXPN and the name of a list.",
        ),
        Extension(
            "FUTURERELEASE",
            "The server can hold a message and send it later.",
            "The parameters are the longest time it holds a message, in seconds and as a date.",
            Reference(4865),
            "Add HOLDFOR=3600 to MAIL to have it held for an hour.",
        ),
        Extension(
            "HELP",
            "The server has a help text.",
            "",
            Reference(5321, "4.1.1.8"),
            "Send HELP.",
        ),
        Extension(
            "LIMITS",
            "The server tells its limits beforehand.",
            "Each parameter is a limit, such as RCPTMAX=100 recipients in a message.",
            Reference(9422),
            "Keep below them, and nothing is refused for their sake.",
        ),
        Extension(
            "MT-PRIORITY",
            "The sender can give the message a priority.",
            "The parameter names the set of priorities in use.",
            Reference(6710, "3"),
            "Add MT-PRIORITY=3 to MAIL.",
        ),
        Extension(
            "MTRK",
            "The sender can ask later what became of the message.",
            "",
            Reference(3885),
            "Add MTRK= and a certifier to MAIL, and keep its secret.",
        ),
        Extension(
            "NO-SOLICITING",
            "The server tells which kinds of advertising it refuses.",
            "Each parameter names a kind.",
            Reference(3865),
            "Add SOLICIT= and the kind to MAIL if the message is advertising.",
        ),
        Extension(
            "ONEX",
            "One message per session only; an old sendmail option.",
            "",
            None,
            "Leave it: no server of today needs it.",
        ),
        Extension(
            "PIPELINING",
            "The client may send several commands without waiting.",
            "",
            Reference(2920),
            "Send MAIL, RCPT and DATA in one go, then read one reply for each.",
        ),
        Extension(
            "PRDR",
            "The server may answer for each recipient on its own at the end of the message.",
            "",
            None,
            "Add PRDR to MAIL, and expect one reply for each recipient at the end of data.",
        ),
        Extension(
            "REQUIRETLS",
            "The sender can insist on TLS along the whole way.",
            "",
            Reference(8689),
            "Add REQUIRETLS to MAIL, inside TLS.",
            "The server, in its EHLO reply inside TLS.",
        ),
        Extension(
            "RRVS",
            "The sender can ask that the mailbox still has the owner it had on a given day.",
            "",
            Reference(7293),
            "Add RRVS= and the date to RCPT.",
        ),
        Extension(
            "SAML",
            "A message could go to the terminal and the mailbox; obsolete.",
            "",
            _OLD,
            "Leave it: it is no part of SMTP any more.",
        ),
        Extension(
            "SEND",
            "A message could go to the user's terminal; obsolete.",
            "",
            _OLD,
            "Leave it: it is no part of SMTP any more.",
        ),
        Extension(
            "SIZE",
            "The client can declare how big the message is, and be refused at once.",
            _SIZE,
            Reference(1870, "4"),
            "Add SIZE= and the number of octets to MAIL.",
        ),
        Extension(
            "SMTPUTF8",
            "Addresses and header may use all of Unicode.",
            "",
            Reference(6531, "3.2"),
            "Add SMTPUTF8 to MAIL, where an address or the header needs it.",
        ),
        Extension(
            "SOML",
            "A message could go to the terminal or the mailbox; obsolete.",
            "",
            _OLD,
            "Leave it: it is no part of SMTP any more.",
        ),
        Extension(
            "STARTTLS",
            "The connection can be encrypted from here on; inside TLS it is no longer offered.",
            "",
            Reference(3207, "3"),
            "Send STARTTLS, then EHLO again.",
            "The server, in its EHLO reply in the clear.",
        ),
        Extension(
            "SUBMITTER",
            "The sender can name who is responsible for the message.",
            "",
            Reference(4405),
            "Add SUBMITTER= and the address to MAIL.",
        ),
        Extension(
            "TURN",
            "Client and server could swap their roles; obsolete and unsafe.",
            "",
            _OLD,
            "Leave it: anyone could fetch anyone's mail with it.",
        ),
        Extension(
            "UTF8SMTP",
            "The experimental forerunner of SMTPUTF8.",
            "",
            Reference(5336),
            "Use SMTPUTF8 in its place, where it is offered.",
        ),
        Extension(
            "VERB",
            "The server could tell in detail what it does; an old sendmail option.",
            "",
            None,
            "Leave it: no server of today needs it.",
        ),
        Extension(
            "VERP",
            "The server can give each recipient a bounce address of its own; made by Postfix.",
            "",
            None,
            "Add XVERP to MAIL.",
        ),
        Extension(
            "VRFY",
            "The server may tell whether a mailbox exists.",
            "",
            Reference(5321, "4.1.1.6"),
            "Send VRFY and a name.",
        ),
        Extension(
            "XCLIENT",
            "A trusted proxy can tell who the real client is; made by Postfix.",
            "Each parameter is an attribute it may set.",
            None,
            "Leave it: it is for proxies that the server trusts.",
        ),
        Extension(
            "XFORWARD",
            "A trusted filter can pass on who the first client was, for the log; made by Postfix.",
            "Each parameter is an attribute it may set.",
            None,
            "Leave it: it is for filters that the server trusts.",
        ),
        Extension(
            "XVERP",
            "The server can give each recipient a bounce address of its own; made by Postfix.",
            "",
            None,
            "Add XVERP to MAIL.",
        ),
    )
}


def row(keyword: str) -> Extension:
    """What the keyword is for; where no table has it, a sentence that says so."""
    keyword = keyword.upper()
    return EXTENSIONS.get(keyword) or Extension(keyword, _unknown(keyword), "", None, _ASK)


def _unknown(keyword: str) -> str:
    if keyword.startswith("X"):
        return "An extension of this server's own, as the X in front says."
    return "No list that smtpnb knows has this keyword."
