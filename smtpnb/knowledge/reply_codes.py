"""Reply codes in plain words: what each means, which command it answers, what to try next (RFC 5321 §4.2).

The same code teaches a different lesson after another verb: 250 after EHLO is a list, after the end of data a
promise; 550 after RCPT with 5.1.1 is no 550 with 5.7.1. So there are three tables, by code, by code and verb, and by
enhanced status as well, and `row` asks the finest first; where the status is more exact than what the code's tables
say, or speaks of something else, the sentence is that of `reasons`. A code in none falls back on its digits and says
so. The module never sees a reply's text: what that may mean is in `hints`.

What was asked is written as `SmtpReply.asked` has it: a verb, "." for the end of mail data, one of the names below,
"" where nothing is known; a SASL response, shown as the mask, counts as AUTH.
"""

from typing import Final, NamedTuple

from smtpnb.knowledge.reasons import reason
from smtpnb.knowledge.rfc import Reference
from smtpnb.secret import MASK


class ReplyCode(NamedTuple):
    """A reply code explained.

    Attributes:
        code: the three digits.
        meaning: what it means, one plain sentence.
        reference: where the rule is written; None where no standard has it.
        advice: what to try next, a sentence each; empty for plain success.
    """

    code: int
    meaning: str
    reference: Reference | None
    advice: tuple[str, ...]


class Digit(NamedTuple):
    """What one digit of a reply code says."""

    name: str
    gloss: str


#: The first digit: is it good? (RFC 5321 §4.2.1)
SEVERITIES: Final = {
    2: Digit("success", "done, go ahead"),
    3: Digit("go on", "send the rest now"),
    4: Digit("try later", "temporary, the same command may work later"),
    5: Digit("refused", "permanent, do not repeat unchanged"),
}

#: The second digit: what is it about? (RFC 5321 §4.2.1)
CATEGORIES: Final = {
    0: Digit("syntax", "how the command was written, or whether it is known"),
    1: Digit("information", "an answer to a question, such as HELP"),
    2: Digit("connections", "the transmission channel"),
    3: Digit("unspecified", "no group of RFC 5321; the AUTH extension uses it"),
    4: Digit("unspecified", "no group of RFC 5321"),
    5: Digit("mail system", "what the receiving mail system did with the request"),
}
_UNASSIGNED: Final = Digit("unassigned", "no standard gives this digit a meaning")

_AGAIN: Final = "Wait some minutes, then send the same command again."
_REFERENCE: Final = Reference(5321, "4.2.1")


def _row(code: int, meaning: str, reference: Reference | None, *advice: str) -> ReplyCode:
    return ReplyCode(code, meaning, reference, advice)


def _smtp(section: str) -> Reference:
    return Reference(5321, section)


_AUTH_CODES: Final = Reference(4954, "6")

#: Code → what it means whatever the command was.
CODES: Final = {
    row.code: row
    for row in (
        _row(211, "The server reports its status or lists the help it has.", _smtp("4.2.3")),
        _row(214, "The server explains itself in words meant for people.", _smtp("4.1.1.8")),
        _row(220, "The server is there and ready; as a greeting it opens the session.", _smtp("3.1")),
        _row(221, "The server says goodbye and closes the connection.", _smtp("4.1.1.10")),
        _row(235, "The login worked: the server now knows who you are.", _AUTH_CODES),
        _row(250, "The server did what the command asked.", _smtp("4.2.3")),
        _row(
            251,
            "The user is not here, but the server knows where and will forward the mail.",
            _smtp("3.4"),
            "Use the address in the reply from now on, if you trust this server to know.",
        ),
        _row(
            252,
            "The server does not tell whether this user exists, yet would take mail for it and try.",
            _smtp("3.5.3"),
        ),
        _row(253, "Messages are waiting and the server starts to send them.", Reference(1985, "5.1")),
        _row(
            334,
            "The server asks for the next piece of the login; its text is a challenge in base64.",
            Reference(4954, "4"),
            "Send the response in base64 on a line of its own, or a lone * to cancel.",
        ),
        _row(
            354,
            "The server waits for the message: every line from here on is content, not a command.",
            _smtp("4.1.1.4"),
            "Send header section, empty line and body, then a line with a lone dot.",
        ),
        _row(
            421,
            "The server closes the connection: it is busy, shuts down, has waited too long or limits you.",
            _smtp("3.8"),
            "Wait a while, then connect again: this connection is over.",
            "If it comes back at once, make fewer connections and longer pauses.",
        ),
        _row(
            432,
            "The account must first be moved to this login mechanism by changing its password.",
            _AUTH_CODES,
            "Log in once with PLAIN inside TLS, or set the password anew at the provider.",
        ),
        _row(
            450,
            "The mailbox cannot take mail right now: it is busy, locked or held back by policy.",
            _smtp("4.2.3"),
            _AGAIN,
        ),
        _row(451, "The server gave up because of trouble on its own side.", _smtp("4.2.3"), _AGAIN),
        _row(
            452,
            "The server is short of room, or has had enough recipients for one message.",
            _smtp("4.2.3"),
            _AGAIN,
            "After many RCPT commands: finish the message for those accepted, then send it to the others.",
        ),
        _row(453, "There is no mail waiting for you.", Reference(2645)),
        _row(
            454,
            "Something needed for this is missing for now: TLS or the check of logins.",
            Reference(3207, "4"),
            _AGAIN,
        ),
        _row(
            455,
            "The server cannot make use of the parameters just now.",
            _smtp("4.1.1.11"),
            _AGAIN,
            "Leave out the parameters that are not needed.",
        ),
        _row(458, "The server cannot queue mail for that node now.", Reference(1985, "5.1"), _AGAIN),
        _row(
            459,
            "That node may not ask for its mail here.",
            Reference(1985, "5.1"),
            "Ask the operator of the server.",
        ),
        _row(
            500,
            "The server does not know this command, or the line was too long.",
            _smtp("4.2.3"),
            "Check the spelling of the verb, and ask EHLO or HELP which verbs there are.",
        ),
        _row(
            501,
            "The verb is known, but what follows it is written wrongly.",
            _smtp("4.2.3"),
            "Compare the arguments with the syntax of the verb: angle brackets, colon, no space behind it.",
        ),
        _row(
            502,
            "The server knows this command and chose not to offer it.",
            _smtp("4.2.4"),
            "Do without it: what the server does offer is in its EHLO reply.",
        ),
        _row(
            503,
            "This command does not belong here: another one has to come first.",
            _smtp("4.1.4"),
            "Send the commands in order: EHLO, MAIL, RCPT, DATA.",
        ),
        _row(
            504,
            "The command is offered, but not with this parameter.",
            _smtp("4.2.3"),
            "Choose a parameter that the EHLO reply lists, or leave it out.",
        ),
        _row(
            521,
            "This host takes no mail at all, from anyone.",
            Reference(7504, "3"),
            "Look up the MX records of the domain: mail for it goes elsewhere, if anywhere.",
        ),
        _row(
            523,
            "The server wants encryption before this login.",
            Reference(5248, "2.4"),
            "Send STARTTLS first, then EHLO and AUTH again.",
        ),
        _row(
            524,
            "This login mechanism needs an encrypted connection.",
            Reference(5248, "2.4"),
            "Send STARTTLS first, then EHLO and AUTH again.",
        ),
        _row(
            525,
            "The account exists but is switched off.",
            Reference(5248, "2.4"),
            "Ask the operator why the account is disabled.",
        ),
        _row(
            530,
            "The server wants something else first: a login, or TLS.",
            _AUTH_CODES,
            "Read the text: for TLS send STARTTLS, for a login send AUTH, then repeat the command.",
        ),
        _row(
            534,
            "This login mechanism is too weak for the server's rules.",
            _AUTH_CODES,
            "Choose a stronger mechanism from the AUTH line of the EHLO reply.",
        ),
        _row(
            535,
            "The login failed: user name or password is wrong, or the account may not log in this way.",
            _AUTH_CODES,
            "Check user name and password; some servers want the whole address, or an app password.",
        ),
        _row(
            538,
            "This login mechanism is only allowed inside TLS.",
            _AUTH_CODES,
            "Send STARTTLS first, then EHLO and AUTH again.",
        ),
        _row(
            550,
            "The server refuses: there is no such mailbox, or its rules forbid this.",
            _smtp("4.2.3"),
            "Check the address letter by letter.",
            "If the address is right, the text or the enhanced code should name the rule.",
        ),
        _row(
            551,
            "The user is not here, and the server will not forward; it may say where to try.",
            _smtp("3.4"),
            "Send to the address in the reply, if you trust this server to know.",
        ),
        _row(
            552,
            "There is no room for this: the message or the mailbox is over its limit.",
            _smtp("4.2.3"),
            "Compare the size of the message with SIZE in the EHLO reply, and send less.",
        ),
        _row(
            553,
            "The mailbox name is not allowed: its form is wrong, or it is not yours to use.",
            _smtp("4.2.3"),
            "Write the address as local-part@domain, in full.",
        ),
        _row(
            554,
            "The transaction failed, and will fail again.",
            _smtp("4.2.3"),
            "Read the text and the enhanced code: they hold the reason, often a rule against spam.",
        ),
        _row(
            555,
            "The server does not know, or cannot use, a parameter of MAIL or RCPT.",
            _smtp("4.1.1.11"),
            "Send only parameters of extensions that the EHLO reply lists.",
        ),
        _row(
            556,
            "The recipient's domain says in its DNS that it takes no mail.",
            Reference(7504, "4"),
            "Check the domain: nothing sent there can arrive.",
        ),
    )
}

#: What teaches a lesson of its own besides the verbs, named so that no verb can have the name.
GREETING: Final = "greeting"
BDAT_LAST: Final = "BDAT LAST"
NAMELESS: Final = "EHLO without a name"

_VERB_ORDER: Final = _smtp("4.1.4")
_END_OF_DATA: Final = _smtp("4.2.5")

#: (code, verb) → the lesson that this answer teaches.
ANSWERS: Final = {
    (220, "STARTTLS"): _row(
        220,
        "The server is ready for TLS: what follows on the wire is the handshake, not SMTP.",
        Reference(3207, "4"),
    ),
    (250, "EHLO"): _row(
        250,
        "The server greets back and lists the extensions it offers, one on each line.",
        _smtp("4.1.1.1"),
    ),
    (250, "HELO"): _row(250, "The server greets back; after HELO no extensions are offered.", _smtp("4.1.1.1")),
    (250, "MAIL"): _row(250, "The sender is accepted and a mail transaction is open.", _smtp("4.1.1.2")),
    (250, "RCPT"): _row(
        250,
        "This recipient is accepted; the promise to deliver comes only at the end of the message.",
        _smtp("4.1.1.3"),
    ),
    (250, "."): _row(
        250,
        "The server has taken the message, and from now on must deliver it or report why not.",
        _END_OF_DATA,
    ),
    (250, "BDAT"): _row(
        250,
        "The chunk arrived; after the last one this answers for the whole message.",
        Reference(3030, "2"),
    ),
    (250, "RSET"): _row(
        250,
        "Sender, recipients and content so far are forgotten; the session goes on.",
        _smtp("4.1.1.5"),
    ),
    (250, "NOOP"): _row(250, "The server is there and nothing has changed.", _smtp("4.1.1.9")),
    (250, "VRFY"): _row(250, "The server knows this name and shows its mailbox.", _smtp("3.5.3")),
    (250, "EXPN"): _row(250, "The server knows this list and shows a member on each line.", _smtp("4.1.1.7")),
    (250, "ETRN"): _row(250, "The server starts to send the mail that it holds for that node.", Reference(1985, "5.1")),
    (250, "ATRN"): _row(
        250,
        "The connection turns round: from here on the server is the client and sends the mail it holds.",
        Reference(2645),
    ),
    (251, "ETRN"): _row(251, "No mail is waiting for that node.", Reference(1985, "5.1")),
    (252, "ETRN"): _row(252, "Mail is waiting for that node and the server starts to send it.", Reference(1985, "5.1")),
    (252, "VRFY"): _row(
        252,
        "The server does not tell whether this user exists, yet would take mail for it and try.",
        _smtp("3.5.3"),
        "This is neither yes nor no: many servers say it to every name, to give no addresses away.",
        "Only RCPT in a mail transaction may tell more.",
    ),
    (252, "EXPN"): _row(
        252,
        "The server does not show who is on this list.",
        _smtp("3.5.3"),
        "Send to the list itself: who is on it is the server's own business.",
    ),
    (454, "STARTTLS"): _row(
        454,
        "The server offers TLS but cannot start it right now.",
        Reference(3207, "4"),
        _AGAIN,
        "Do not send a password or mail in the clear instead.",
    ),
    (454, "AUTH"): _row(
        454,
        "The server cannot check logins right now; the password may well be right.",
        _AUTH_CODES,
        _AGAIN,
    ),
    (450, "RCPT"): _row(
        450,
        "The server does not take mail for this recipient right now.",
        _smtp("4.2.3"),
        "Wait some minutes, then send the same sender and recipient again: this is how greylisting works.",
    ),
    (451, "RCPT"): _row(
        451,
        "The server does not take mail for this recipient right now.",
        _smtp("4.2.3"),
        "Wait some minutes, then send the same sender and recipient again: this is how greylisting works.",
    ),
    (451, "."): _row(
        451,
        "The message was not taken because of trouble on the server's side.",
        _END_OF_DATA,
        "Keep the message and send it again later: the server does not have it.",
    ),
    (452, "RCPT"): _row(
        452,
        "The server takes no more recipients for this message, or has no room for this one.",
        _smtp("4.5.3.1.10"),
        "Finish the message for the recipients accepted so far, then send it to the others.",
    ),
    (452, "MAIL"): _row(
        452,
        "The server has no room for a message of this size right now.",
        Reference(1870, "6.1"),
        _AGAIN,
    ),
    (500, "EHLO"): _row(
        500,
        "This server is so old, or so strict, that it does not know EHLO.",
        _smtp("4.1.4"),
        "Send HELO instead: it works everywhere, without extensions.",
    ),
    (500, "AUTH"): _row(
        500,
        "The server offers no login here, or the line of the login is too long for it.",
        _AUTH_CODES,
        "Look for AUTH in the EHLO reply; some servers show it only after STARTTLS.",
    ),
    (501, "EHLO"): _row(
        501,
        "The server does not like the name that the client gave for itself.",
        _smtp("4.1.1.1"),
        "Give a full domain name, or an address in square brackets such as [192.0.2.1].",
    ),
    (501, "AUTH"): _row(
        501,
        "The login was cancelled, or its text is not proper base64.",
        Reference(4954, "4"),
        "Start again with AUTH, and send the response as base64 without spaces.",
    ),
    (501, "MAIL"): _row(
        501,
        "The server cannot read the sender's address.",
        _smtp("4.1.1.2"),
        "Write MAIL FROM:<user@example.org>, with angle brackets and no space behind the colon.",
    ),
    (501, "RCPT"): _row(
        501,
        "The server cannot read the recipient's address.",
        _smtp("4.1.1.3"),
        "Write RCPT TO:<user@example.org>, with angle brackets and no space behind the colon.",
    ),
    (502, "VRFY"): _row(
        502,
        "The server does not answer questions about its users.",
        _smtp("7.3"),
        "Many servers switch VRFY off, so that nobody can collect addresses; RCPT may tell more.",
    ),
    (502, "EXPN"): _row(
        502,
        "The server does not answer questions about its lists.",
        _smtp("7.3"),
        "Many servers switch EXPN off, so that nobody can collect addresses.",
    ),
    (502, "STARTTLS"): _row(
        502,
        "This server offers no TLS at this point.",
        _smtp("4.2.4"),
        "Look for STARTTLS in the EHLO reply; inside TLS it has to be gone.",
    ),
    (502, "AUTH"): _row(
        502,
        "The server takes no login at this point.",
        Reference(4954, "3"),
        "Look for AUTH in the EHLO reply; some servers show it only after STARTTLS.",
    ),
    (503, "EHLO"): _row(
        503,
        "The server has been introduced to already and wants no second EHLO.",
        _VERB_ORDER,
        "Go on with MAIL; the standard allows EHLO again, this server does not.",
    ),
    (503, "MAIL"): _row(
        503,
        "A sender is out of place here: EHLO is missing, or a mail transaction is already open.",
        _VERB_ORDER,
        "Send EHLO first; if a transaction is open, end it with RSET or finish the message.",
    ),
    (503, "RCPT"): _row(
        503,
        "A recipient is out of place here: no sender has been named.",
        _VERB_ORDER,
        "Send MAIL FROM:<…> first.",
    ),
    (503, "DATA"): _row(
        503,
        "Content is out of place here: sender or recipient is missing.",
        _VERB_ORDER,
        "Send MAIL and at least one RCPT that is accepted, then DATA.",
    ),
    (503, "BDAT"): _row(
        503,
        "A chunk is out of place here: sender or recipient is missing, or an earlier chunk was refused.",
        Reference(3030, "2"),
        "Send RSET, MAIL and at least one RCPT that is accepted, then BDAT.",
    ),
    (503, "AUTH"): _row(
        503,
        "A login is out of place here: you are logged in, a mail transaction is open, or EHLO is missing.",
        Reference(4954, "4"),
        "Log in once per session, after EHLO and before MAIL.",
    ),
    (503, "STARTTLS"): _row(
        503,
        "TLS cannot start here: it is on already, or EHLO is missing.",
        Reference(3207, "4"),
        "Send EHLO first, and look whether STARTTLS is on its list.",
    ),
    (504, "AUTH"): _row(
        504,
        "The server does not know this login mechanism.",
        Reference(4954, "4"),
        "Choose one from the AUTH line of the EHLO reply.",
    ),
    (530, "MAIL"): _row(
        530,
        "The server takes mail only after a login, or only inside TLS.",
        _AUTH_CODES,
        "Send STARTTLS and EHLO if you are in the clear, then AUTH, then MAIL again.",
    ),
    (530, "AUTH"): _row(
        530,
        "The server wants TLS before a login.",
        Reference(3207, "4"),
        "Send STARTTLS, then EHLO, then AUTH again.",
    ),
    (550, "EHLO"): _row(
        550,
        "The server refuses this client by the name it gave or the address it comes from.",
        _smtp("4.1.4"),
        "Give the name that the client's address has in the DNS.",
    ),
    (550, "MAIL"): _row(
        550,
        "The server refuses this sender.",
        _smtp("3.3"),
        "Use a sender whose domain exists and that this client may use.",
    ),
    (550, "RCPT"): _row(
        550,
        "The server refuses this recipient: there is no such user, or it does not relay mail to that domain.",
        _smtp("3.6.2"),
        "If the domain is this server's own, check the name before the @.",
        "If it is another domain, log in first, or send to that domain's own server.",
    ),
    (550, "VRFY"): _row(
        550, "The server says that there is no such user.", _smtp("4.1.1.6"), "Check the name letter by letter."
    ),
    (550, "EXPN"): _row(
        550,
        "The server says that there is no such list, or that you may not see it.",
        _smtp("4.1.1.7"),
        "Check the name letter by letter; VRFY tells whether it is a user.",
    ),
    (550, "."): _row(
        550,
        "The server read the message and refuses it: its content breaks a rule.",
        _END_OF_DATA,
        "Read the text and the enhanced code: they hold the reason, often a rule against spam.",
    ),
    (552, "MAIL"): _row(
        552,
        "The declared size is more than this server takes.",
        Reference(1870, "6.1"),
        "Compare it with SIZE in the EHLO reply, and send less.",
    ),
    (552, "RCPT"): _row(
        552,
        "This mailbox is full; from some servers it means too many recipients.",
        _smtp("4.5.3.1.10"),
        "Finish the message for the recipients accepted so far, and try this one another day.",
    ),
    (552, "."): _row(
        552,
        "The message is larger than this server takes.",
        _END_OF_DATA,
        "Compare it with SIZE in the EHLO reply, and send less.",
    ),
    (553, "MAIL"): _row(
        553,
        "The sender's address is badly formed, or not yours to use.",
        _smtp("3.3"),
        "Use the address that belongs to the login, in full.",
    ),
    (553, "RCPT"): _row(
        553,
        "The recipient's address is badly formed or not allowed here.",
        _smtp("4.1.1.3"),
        "Write the address as local-part@domain, in full.",
    ),
    (554, GREETING): _row(
        554,
        "As a greeting this says: there is no mail service for you here, you may only say QUIT.",
        _smtp("3.1"),
        "Read the text: often the client's address is on a block list, or is one for home users.",
        "Send through your provider's submission server (port 587 or 465) instead.",
    ),
    (554, "RCPT"): _row(
        554,
        "The server refuses this recipient for good, often because it does not relay mail for you.",
        _smtp("4.2.3"),
        "Log in first, or send to the server of the recipient's domain.",
    ),
    (554, "DATA"): _row(
        554,
        "The server takes no content, because no recipient was accepted.",
        _smtp("3.3"),
        "Send at least one RCPT that is accepted, then DATA.",
    ),
    (554, "."): _row(
        554,
        "The server read the message and refuses it for good.",
        _END_OF_DATA,
        "Read the text and the enhanced code: they hold the reason, often a rule against spam.",
    ),
    (554, "STARTTLS"): _row(
        554,
        "The server cannot start TLS for this session.",
        _smtp("4.2.3"),
        "Do not send a password or mail in the clear instead.",
    ),
    (220, GREETING): _row(
        220,
        "The server is there and speaks first: this greeting opens the session.",
        _smtp("3.1"),
    ),
    (421, GREETING): _row(
        421,
        "The server takes no session now: it is too busy, shuts down, or has enough connections of yours.",
        _smtp("3.8"),
        "Wait a while, then connect again: this connection is over.",
        "If it comes back at once, make fewer connections and longer pauses.",
    ),
    (250, BDAT_LAST): _row(
        250,
        "The server has taken the last chunk and with it the message, and must now deliver it or report why not.",
        Reference(3030, "2"),
    ),
    (251, "RCPT"): _row(
        251,
        "The recipient is not here, but the server has accepted the mail and will forward it.",
        _smtp("3.4"),
        "Use the address in the reply next time, if you trust this server to know.",
    ),
    (251, "VRFY"): _row(
        251,
        "The user is not here, but the server knows where and would forward the mail.",
        _smtp("3.5.3"),
        "Use the address in the reply, if you trust this server to know.",
    ),
    (334, "AUTH LOGIN"): _row(
        334,
        "The server asks for the next piece of the login; its text is a prompt in base64.",
        Reference(4954, "4"),
        "Send what it asks for in base64 on a line of its own, or a lone * to cancel.",
    ),
    (334, "AUTH PLAIN"): _row(
        334,
        "The server waits for the PLAIN token: NUL, login, NUL, password, in base64.",
        Reference(4954, "4"),
        "Send the token on a line of its own, or a lone * to cancel.",
    ),
    (450, "."): _row(
        450,
        "The server does not take this message right now, for a rule or for a busy mailbox.",
        _END_OF_DATA,
        "Keep the message and send it again later: the server does not have it.",
    ),
    (451, "MAIL"): _row(
        451,
        "The server cannot begin a mail transaction for this sender right now.",
        _smtp("4.2.3"),
        _AGAIN,
    ),
    (452, "."): _row(
        452,
        "The message was not taken, because the server is short of room.",
        _END_OF_DATA,
        "Keep the message and send it again later: the server does not have it.",
    ),
    (455, "MAIL"): _row(
        455,
        "The server cannot make use of a parameter of MAIL just now.",
        _smtp("4.1.1.11"),
        _AGAIN,
        "Leave out what stands behind the address, if it is not needed.",
    ),
    (455, "RCPT"): _row(
        455,
        "The server cannot make use of a parameter of RCPT just now.",
        _smtp("4.1.1.11"),
        _AGAIN,
        "Leave out what stands behind the address, if it is not needed.",
    ),
    (500, "EXPN"): _row(
        500,
        "The server does not know EXPN.",
        _smtp("4.2.3"),
        "Do without it: a server that has it should say EXPN in its EHLO reply.",
    ),
    (500, "STARTTLS"): _row(
        500,
        "The server does not know STARTTLS: it cannot encrypt this connection.",
        _smtp("4.2.3"),
        "Try port 465 with TLS from the start; send no password in the clear instead.",
    ),
    (501, NAMELESS): _row(
        501,
        "A name is missing: EHLO and HELO have to say who the client is.",
        _smtp("4.1.1.1"),
        "Send EHLO with a full domain name, or with an address in square brackets such as [192.0.2.1].",
    ),
    (501, "HELO"): _row(
        501,
        "The server does not like the name that the client gave for itself.",
        _smtp("4.1.1.1"),
        "Give a full domain name.",
    ),
    (501, "STARTTLS"): _row(
        501,
        "STARTTLS stands alone: nothing may follow it on the line.",
        Reference(3207, "4"),
        "Send STARTTLS without anything behind it.",
    ),
    (501, "VRFY"): _row(
        501,
        "The server cannot read the name it was asked about.",
        _smtp("4.1.1.6"),
        "Write VRFY and a user's name or address, such as VRFY alice.",
    ),
    (501, "EXPN"): _row(
        501,
        "The server cannot read the name of the list.",
        _smtp("4.1.1.7"),
        "Write EXPN and the name of a list, such as EXPN staff.",
    ),
    (501, "BDAT"): _row(
        501,
        "The server cannot read the size of the chunk.",
        Reference(3030, "2"),
        "Write BDAT, the number of octets, and LAST at the end of the message.",
    ),
    (502, "EHLO"): _row(
        502,
        "This server is so old that it does not offer EHLO.",
        _smtp("4.3.2"),
        "Send HELO instead: it works everywhere, without extensions.",
    ),
    (503, "VRFY"): _row(
        503,
        "The server answers no questions yet: it wants EHLO first.",
        _VERB_ORDER,
        "Send EHLO first, then ask again.",
    ),
    (503, "EXPN"): _row(
        503,
        "The server answers no questions about lists yet: it wants EHLO first.",
        _VERB_ORDER,
        "Send EHLO first, then ask again.",
    ),
    (504, "EHLO"): _row(
        504,
        "The server does not accept the name that the client gave for itself.",
        _smtp("4.3.2"),
        "Give a full domain name, with a dot in it, or an address in square brackets such as [192.0.2.1].",
    ),
    (504, "VRFY"): _row(
        504,
        "The server does not answer a question put in this form.",
        _smtp("4.3.2"),
        "Ask for the bare name, without parameters.",
    ),
    (504, "EXPN"): _row(
        504,
        "The server does not expand a list asked for in this form.",
        _smtp("4.3.2"),
        "Ask for the bare name of the list, without parameters.",
    ),
    (530, "RCPT"): _row(
        530,
        "The server takes recipients only after a login, or only inside TLS.",
        _AUTH_CODES,
        "Send STARTTLS and EHLO if you are in the clear, then AUTH, then MAIL and RCPT again.",
    ),
    (530, "VRFY"): _row(
        530,
        "The server answers such questions only after a login, or only inside TLS.",
        _AUTH_CODES,
        "Send STARTTLS and EHLO if you are in the clear, then AUTH, then ask again.",
    ),
    (550, "HELO"): _row(
        550,
        "The server refuses this client by the name it gave or the address it comes from.",
        _smtp("4.1.4"),
        "Give the name that the client's address has in the DNS.",
    ),
    (551, "RCPT"): _row(
        551,
        "The recipient is not here, and the server will not forward; it may say where to try.",
        _smtp("3.4"),
        "Send to the address in the reply, if you trust this server to know.",
    ),
    (551, "VRFY"): _row(
        551,
        "The user is not here, and the server would not forward; it may say where to try.",
        _smtp("3.5.3"),
        "Use the address in the reply, if you trust this server to know.",
    ),
    (553, "VRFY"): _row(
        553,
        "The name fits more than one user, so the server does not choose.",
        _smtp("3.5.1"),
        "Ask again with the whole address; the reply may list the users it fits.",
    ),
    (554, "MAIL"): _row(
        554,
        "The server refuses this sender or this client for good.",
        _smtp("4.2.3"),
        "Read the text and the enhanced code: they hold the reason, often a block list.",
    ),
    (554, "EHLO"): _row(
        554,
        "The server wants nothing to do with this client.",
        _smtp("4.2.3"),
        "Read the text: often the client's address is on a block list.",
        "Send through your provider's submission server (port 587 or 465) instead.",
    ),
    (555, "MAIL"): _row(
        555,
        "The server does not know, or cannot use, a parameter of MAIL.",
        _smtp("4.1.1.11"),
        "Leave out what stands behind the address: EHLO has to offer the extension first.",
    ),
    (555, "RCPT"): _row(
        555,
        "The server does not know, or cannot use, a parameter of RCPT.",
        _smtp("4.1.1.11"),
        "Leave out what stands behind the address: EHLO has to offer the extension first.",
    ),
}


#: Code → who says it, and when.
OCCASIONS: Final = {
    211: "The server, in answer to HELP, and some to a question about their state.",
    214: "The server, in answer to HELP.",
    220: "The server, as its greeting before any command, and again in answer to STARTTLS.",
    221: "The server, in answer to QUIT, as its last word.",
    235: "The server, at the end of an AUTH exchange that succeeded.",
    250: "The server, in answer to nearly every command, and at the end of data.",
    251: "The server, in answer to RCPT or VRFY.",
    252: "The server, in answer to VRFY or EXPN.",
    253: "The server, in answer to ETRN.",
    334: "The server, within an AUTH exchange, once for each step.",
    354: "The server, in answer to DATA, before the content.",
    421: "The server, at any moment: as its greeting, in answer to any command, or to none.",
    432: "The server, at the end of an AUTH exchange.",
    450: "The server, most often in answer to RCPT, also at the end of data.",
    451: "The server, in answer to MAIL or RCPT, or at the end of data.",
    452: "The server, in answer to MAIL or RCPT, or at the end of data.",
    453: "The server, in answer to ATRN.",
    454: "The server, in answer to STARTTLS or AUTH; some to RCPT.",
    455: "The server, in answer to MAIL or RCPT with parameters.",
    458: "The server, in answer to ETRN.",
    459: "The server, in answer to ETRN.",
    500: "The server, in answer to a line that it cannot read as a command.",
    501: "The server, in answer to any command, and to a cancelled AUTH.",
    502: "The server, in answer to commands it has switched off, most often VRFY and EXPN.",
    503: "The server, in answer to a command that came too early, too late or twice.",
    504: "The server, in answer to AUTH with an unknown mechanism, or to EHLO with a name it does not take.",
    521: "The server, as its greeting, and then in answer to everything but QUIT.",
    523: "The server, in answer to AUTH in the clear.",
    524: "The server, in answer to AUTH in the clear.",
    525: "The server, at the end of an AUTH exchange.",
    530: "The server, in answer to MAIL or another command, until TLS or a login has come first.",
    534: "The server, in answer to AUTH.",
    535: "The server, at the end of an AUTH exchange that failed.",
    538: "The server, in answer to AUTH in the clear; today such mechanisms should not be offered there at all.",
    550: "The server, in answer to RCPT, VRFY, EXPN or MAIL, and at the end of data.",
    551: "The server, in answer to RCPT or VRFY.",
    552: "The server, in answer to MAIL or RCPT, or at the end of data.",
    553: "The server, in answer to MAIL, RCPT or VRFY.",
    554: "The server, as its greeting, in answer to DATA, at the end of data, and some to RCPT.",
    555: "The server, in answer to MAIL or RCPT with parameters.",
    556: "The server, in answer to RCPT.",
}


#: (first digit, verb, (subject, detail)) → the lesson where the enhanced status tells which of several it is.
FINER: Final = {
    (5, "RCPT", (1, 1)): _row(
        550,
        "The server says that it has no such mailbox.",
        _smtp("3.3"),
        "Check the name before the @, letter by letter; ask the recipient in another way.",
    ),
    (5, "VRFY", (1, 1)): _row(
        550,
        "The server says that there is no such user.",
        _smtp("4.1.1.6"),
        "Check the name letter by letter; try it with and without the domain.",
    ),
    (5, "EXPN", (1, 1)): _row(
        550,
        "The server says that there is no such list.",
        _smtp("4.1.1.7"),
        "Check the name letter by letter; VRFY tells whether it is a user.",
    ),
    (5, "RCPT", (7, 1)): _row(
        550,
        "The server will not take mail for this recipient from you, most often because it does not relay.",
        _smtp("3.6.2"),
        "If the domain is not this server's own: log in first, or send to the server of that domain.",
        "If it is its own, the text should name the rule.",
    ),
    (4, "RCPT", (7, 1)): _row(
        450,
        "A rule of the house puts this recipient off for now, as greylisting does.",
        _smtp("4.2.3"),
        "Wait some minutes, then send the same sender and recipient again: this is how greylisting works.",
    ),
    (5, "RCPT", (2, 2)): _row(
        552,
        "This mailbox is full.",
        _smtp("4.2.3"),
        "Try this recipient again in some days, or tell them in another way.",
    ),
    (4, "RCPT", (2, 2)): _row(
        452,
        "This mailbox is full.",
        _smtp("4.2.3"),
        "Finish the message for the recipients accepted so far, and try this one again in some hours.",
    ),
    (4, "RCPT", (5, 3)): _row(
        452,
        "The server takes no more recipients for this message.",
        _smtp("4.5.3.1.10"),
        "Finish the message for the recipients accepted so far, then send it to the others.",
    ),
    (5, "MAIL", (7, 1)): _row(
        550,
        "The rules of the house do not let this client use this sender.",
        _smtp("3.3"),
        "Log in first, and use the address that belongs to the login.",
    ),
    (5, "MAIL", (1, 8)): _row(
        550,
        "The server does not take this sender, because the domain cannot be found or takes no answers.",
        _smtp("3.3"),
        "Use a sender whose domain has an MX or address record in the DNS.",
    ),
    (4, "MAIL", (1, 8)): _row(
        450,
        "The server could not find the sender's domain, and leaves open whether it exists.",
        _smtp("4.2.3"),
        "Check the domain with a DNS tool; if it is right, wait some minutes and send again.",
    ),
    (5, ".", (7, 1)): _row(
        550,
        "The server read the message and refuses it by a rule of the house, often a rule against spam.",
        _END_OF_DATA,
        "Read the text: it should name the rule; sending the same again will not help.",
    ),
    (4, ".", (7, 1)): _row(
        451,
        "The server read the message and puts it off by a rule of the house, as greylisting does.",
        _END_OF_DATA,
        "Keep the message and send it again in some minutes: the server does not have it.",
    ),
    (5, "AUTH", (5, 4)): _row(
        504,
        "The server does not know this login mechanism, or does not allow it here.",
        Reference(4954, "4"),
        "Choose one from the AUTH line of the EHLO reply; some are listed only inside TLS.",
    ),
    (5, "AUTH", (5, 6)): _row(
        500,
        "The line of the login is longer than the server takes.",
        _AUTH_CODES,
        "Send the response on a line of its own after 334, or choose a mechanism with shorter lines.",
    ),
    (5, "AUTH", (7, 8)): _row(
        535,
        "The login failed: user name or password is wrong.",
        _AUTH_CODES,
        "Check user name and password; some servers want the whole address, or an app password.",
    ),
    (5, GREETING, (7, 1)): _row(
        554,
        "As a greeting this says: the rules of the house let this client's address do nothing but say QUIT.",
        _smtp("3.1"),
        "Read the text: often the client's address is on a block list, or is one for home users.",
        "Send through your provider's submission server (port 587 or 465) instead.",
    ),
    (5, "EHLO", (7, 1)): ANSWERS[554, "EHLO"],
    (4, "MAIL", (3, 1)): ANSWERS[452, "MAIL"],
    (4, ".", (3, 1)): ANSWERS[452, "."],
    (5, "MAIL", (3, 4)): ANSWERS[552, "MAIL"],
    (5, ".", (3, 4)): ANSWERS[552, "."],
}


def row(code: int, verb: str = "", status: tuple[int, int] | None = None) -> ReplyCode:
    """The row for an answer: of the enhanced status, else of code and verb, else of the code, else of its digits.

    Args:
        code: the reply code.
        verb: what it answers, as `SmtpReply.asked` has it.
        status: subject and detail of the enhanced status, if there is one and its class is the code's first digit.
    """
    if status and (finer := _by_status(code, verb, status)):
        return finer
    coarser = (ANSWERS.get((code, each)) for each in names(verb))
    return next(filter(None, coarser), None) or CODES.get(code) or _by_digits(code)


def _by_status(code: int, verb: str, status: tuple[int, int]) -> ReplyCode | None:
    """The row where the status knows more than the code; None where the code's own says as much."""
    verbs = names(verb)
    finer = next(filter(None, (FINER.get((code // 100, each, status)) for each in verbs)), None)
    why = None if finer else reason(code, verbs, status)
    return ReplyCode(code, *why) if why else finer


def meaning(code: int, verb: str = "", status: tuple[int, int] | None = None) -> str:
    """What the code means as an answer to `verb`, one plain sentence."""
    return row(code, verb, status).meaning


def advice(code: int, verb: str = "", status: tuple[int, int] | None = None) -> tuple[str, ...]:
    """What to try next, a sentence each; empty for plain success."""
    return row(code, verb, status).advice


def reference(code: int, verb: str = "", status: tuple[int, int] | None = None) -> Reference | None:
    """Where the rule is written; None where no standard has it."""
    return row(code, verb, status).reference


def occasion(code: int) -> str:
    """Who says it and when, one plain sentence; where no standard has the code, a sentence that says so."""
    return OCCASIONS.get(code) or "The server; no standard that smtpnb knows says when."


def is_finer(code: int, verb: str, status: tuple[int, int]) -> bool:
    """Whether the meaning is that of the status, so that nothing need be said of the status besides."""
    return _by_status(code, verb, status) is not None


def severity(code: int) -> Digit:
    """What the first digit says."""
    return SEVERITIES.get(code // 100, _UNASSIGNED)


def category(code: int) -> Digit:
    """What the second digit says."""
    return CATEGORIES.get(code // 10 % 10, _UNASSIGNED)


#: Commands that are no verb but a step of AUTH: a hidden response, and the cancelling "*" (RFC 4954 §4).
_SASL_STEPS: Final = (MASK.upper(), "*")


#: Command with a lesson of its own → the verbs whose lessons serve where it has none.
_COARSER: Final = {
    BDAT_LAST: (BDAT_LAST, ".", "BDAT"),
    NAMELESS: (NAMELESS, "EHLO"),
    "AUTH LOGIN": ("AUTH LOGIN", "AUTH"),
    "AUTH PLAIN": ("AUTH PLAIN", "AUTH"),
}


def names(verb: str) -> tuple[str, ...]:
    """The names to look a lesson up under, the finest first and the plain verb last."""
    if verb in _COARSER:
        return _COARSER[verb]
    if verb != GREETING:
        verb = verb.upper()
    return ("AUTH",) if verb.startswith(_SASL_STEPS) else (verb,)


def _by_digits(code: int) -> ReplyCode:
    first, second = severity(code), category(code)
    sentence = (
        f"No standard that smtpnb knows has the code {code}; "
        f"by its digits it means {first.name} ({first.gloss}), about {second.name}."
    )
    steps = {4: (_AGAIN,), 5: ("Read the text: only the server's own words say more.",)}
    return ReplyCode(code, sentence, _REFERENCE, steps.get(code // 100, ()))
