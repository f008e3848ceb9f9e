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
    """

    name: str
    purpose: str
    syntax: str
    reference: Reference | None


def _smtp(section: str) -> Reference:
    return Reference(5321, section)


#: Verb → what it asks.
VERBS: Final = {
    row.name: row
    for row in (
        Verb("EHLO", "Introduces the client and asks what extensions there are.", "EHLO domain", _smtp("4.1.1.1")),
        Verb("HELO", "Introduces the client, the old way without extensions.", "HELO domain", _smtp("4.1.1.1")),
        Verb(
            "MAIL",
            "Opens a mail transaction and names the sender, to whom failures are reported.",
            "MAIL FROM:<address> [parameter …]",
            _smtp("4.1.1.2"),
        ),
        Verb("RCPT", "Names one recipient of the message.", "RCPT TO:<address> [parameter …]", _smtp("4.1.1.3")),
        Verb("DATA", "Announces the content, which ends with a line of a lone dot.", "DATA", _smtp("4.1.1.4")),
        Verb("BDAT", "Sends a counted chunk of the content.", "BDAT octets [LAST]", Reference(3030, "2")),
        Verb("RSET", "Drops the open mail transaction.", "RSET", _smtp("4.1.1.5")),
        Verb("VRFY", "Asks whether a name is a user here.", "VRFY name", _smtp("4.1.1.6")),
        Verb("EXPN", "Asks who is on a mailing list.", "EXPN list", _smtp("4.1.1.7")),
        Verb("HELP", "Asks for help in words meant for people.", "HELP [topic]", _smtp("4.1.1.8")),
        Verb("NOOP", "Asks for nothing but an answer.", "NOOP", _smtp("4.1.1.9")),
        Verb("QUIT", "Says goodbye.", "QUIT", _smtp("4.1.1.10")),
        Verb("STARTTLS", "Asks to encrypt the connection from here on.", "STARTTLS", Reference(3207, "4")),
        Verb(
            "AUTH",
            "Begins a login with the mechanism named.",
            "AUTH mechanism [initial-response]",
            Reference(4954, "4"),
        ),
        Verb("ETRN", "Asks the server to send on the mail waiting for a host.", "ETRN domain", Reference(1985)),
        Verb(
            "ATRN", "Turns the connection round to fetch the mail of these domains.", "ATRN [domain,…]", Reference(2645)
        ),
        Verb("BURL", "Sends a chunk of the content by its IMAP URL.", "BURL url [LAST]", Reference(4468)),
        Verb("TURN", "Asked to swap the roles of client and server; obsolete and unsafe.", "TURN", Reference(821)),
        Verb("SEND", "Opened a message to the user's terminal; obsolete.", "SEND FROM:<address>", Reference(821)),
        Verb("SOML", "Opened a message to terminal or mailbox; obsolete.", "SOML FROM:<address>", Reference(821)),
        Verb("SAML", "Opened a message to terminal and mailbox; obsolete.", "SAML FROM:<address>", Reference(821)),
        Verb("XCLIENT", "Tells who the real client behind a proxy is; made by Postfix.", "XCLIENT name=value …", None),
        Verb("XFORWARD", "Tells for the log who the first client was; made by Postfix.", "XFORWARD name=value …", None),
    )
}


def row(verb: str) -> Verb:
    """What the verb asks; where no table has it, a sentence that says so."""
    name = verb.upper()
    return VERBS.get(name) or Verb(name, "No standard that smtpnb knows has this verb.", name, None)
