"""Enhanced mail system status codes in plain words (RFC 3463, and the registry that RFC 5248 set up).

A status is class.subject.detail. The registry names subject and detail; the class only says whether it worked (2), may
work later (4) or will not (5), so one row serves all three. A status that is in no row falls back on its parts and says
so. Where a status is allowed to be given in two classes, the meaning is worded so that both read right.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from smtpnb.knowledge.rfc import Reference


class Status(NamedTuple):
    """What subject and detail of an enhanced status say.

    Attributes:
        name: a short name.
        meaning: one plain sentence.
        reference: where it is defined; None for a draft that became no RFC.
        codes: the reply codes it usually comes with, as the registry has them.
        where: at which point of the session it is met.
        advice: what to try next, one sentence.
    """

    name: str
    meaning: str
    reference: Reference | None
    codes: tuple[int, ...]
    where: str
    advice: str

    @property
    def occasion(self) -> str:
        """Who says it and when, one plain sentence."""
        beside = f" beside {_listed(self.codes)}" if self.codes else ""
        often = "" if self.where == _ANY else "most often "
        return f"The server says it{beside}, {often}{self.where}."


#: The first number (RFC 3463 §2).
CLASSES: Final = {
    2: "success: it worked",
    4: "persistent transient failure: it may work later",
    5: "permanent failure: it will not work unchanged",
}

#: The second number (RFC 3463 §2, details in §3).
SUBJECTS: Final = {
    0: "no subject: nothing more is known",
    1: "addressing: the addresses of the envelope",
    2: "mailbox: the recipient's own box",
    3: "mail system: the receiving machine as a whole",
    4: "network and routing: the way there",
    5: "protocol: the commands and their order",
    6: "content: the message itself",
    7: "security or policy: the rules of the house",
}

_ADDRESS, _MAILBOX, _SYSTEM, _ROUTING, _PROTOCOL, _CONTENT, _POLICY = (
    Reference(3463, section) for section in ("3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8")
)
_OTHER: Final = Reference(3463, "3.1")
_AUTH: Final = Reference(4954, "6")
_REGISTRY: Final = Reference(5248, "2.4")
_UTF8: Final = Reference(6531, "3.5")
_PRIORITY: Final = Reference(6710)
_VALID_SINCE: Final = Reference(7293)
_DKIM: Final = Reference(7372, "3.1")
_SPF: Final = Reference(7372, "3.2")
_NULL_MX: Final = Reference(7505, "4.1")

# Where a status is met.
_RCPT: Final = "in answer to RCPT"
_MAIL: Final = "in answer to MAIL"
_END: Final = "at the end of data"
_LOGIN: Final = "in answer to AUTH"
_ANY: Final = "in answer to any command"
_RCPT_OR_END: Final = "in answer to RCPT or at the end of data"
_RCPT_OR_VRFY: Final = "in answer to RCPT or VRFY"
_REPORT: Final = "in a delivery report"
_MAIL_OR_RCPT: Final = "in answer to MAIL or RCPT"
_END_OR_REPORT: Final = "at the end of data or in a delivery report"
_RCPT_OR_REPORT: Final = "in answer to RCPT or in a delivery report"

#: (subject, detail) → what it says. The codes are those that the registry names beside it, none where it names none.
STATUSES: Final = {
    (0, 0): Status(
        "undefined",
        "It says no more than its first number does.",
        _OTHER,
        (),
        _ANY,
        "Go by the reply code and the text: this status adds nothing.",
    ),
    (1, 0): Status(
        "address",
        "Something about the address matters here.",
        _ADDRESS,
        (),
        _MAIL_OR_RCPT,
        "Check both addresses letter by letter.",
    ),
    (1, 1): Status(
        "no such mailbox",
        "There is no mailbox of this name.",
        _ADDRESS,
        (451, 550),
        _RCPT_OR_VRFY,
        "Check the name before the @, letter by letter; ask the recipient in another way.",
    ),
    (1, 2): Status(
        "no such domain",
        "The domain behind the @ does not exist or cannot take mail.",
        _ADDRESS,
        (),
        _RCPT_OR_REPORT,
        "Check the domain behind the @, letter by letter, and look up its MX records.",
    ),
    (1, 3): Status(
        "recipient badly written",
        "The recipient's address breaks the rules of writing.",
        _ADDRESS,
        (501,),
        _RCPT,
        "Write RCPT TO:<user@example.org>, with angle brackets and no space.",
    ),
    (1, 4): Status(
        "ambiguous mailbox",
        "The name fits more than one mailbox.",
        _ADDRESS,
        (),
        _RCPT_OR_VRFY,
        "Write the whole address, or ask VRFY for a longer part of the name.",
    ),
    (1, 5): Status(
        "recipient valid",
        "The recipient's address is good.",
        _ADDRESS,
        (250,),
        _RCPT_OR_VRFY,
        "Go on: nothing has to be mended.",
    ),
    (1, 6): Status(
        "mailbox moved",
        "The mailbox was here once and left no new address.",
        _ADDRESS,
        (),
        _RCPT,
        "Ask the recipient for the new address: this one is over.",
    ),
    (1, 7): Status(
        "sender badly written",
        "The sender's address breaks the rules of writing.",
        _ADDRESS,
        (),
        _MAIL,
        "Write MAIL FROM:<user@example.org>, with angle brackets and no space.",
    ),
    (1, 8): Status(
        "sender's domain unknown",
        "The sender's domain does not exist or takes no answers.",
        _ADDRESS,
        (451, 501),
        _MAIL,
        "Use a sender whose domain has an MX or address record in the DNS.",
    ),
    (1, 9): Status(
        "sent on to an old system",
        "The message went on to a system that cannot report what becomes of it.",
        Reference(3886, "3.3.4"),
        (),
        _REPORT,
        "Expect no further report: ask the recipient whether the message came.",
    ),
    (1, 10): Status(
        "recipient's domain takes no mail",
        "The recipient's domain says in its DNS that it takes no mail.",
        _NULL_MX,
        (556,),
        _RCPT,
        "Check the domain, letter by letter: nothing sent there can arrive.",
    ),
    (2, 0): Status(
        "mailbox",
        "Something about the recipient's mailbox matters here.",
        _MAILBOX,
        (),
        _RCPT_OR_END,
        "Send again later; if it stays so, ask the recipient in another way.",
    ),
    (2, 1): Status(
        "mailbox disabled",
        "The mailbox exists but takes no mail.",
        _MAILBOX,
        (),
        _RCPT_OR_END,
        "Ask the recipient in another way: the box takes nothing at present.",
    ),
    (2, 2): Status(
        "mailbox full",
        "The mailbox is full.",
        _MAILBOX,
        (552,),
        _RCPT_OR_END,
        "Try again in some hours, or tell the recipient in another way that the box is full.",
    ),
    (2, 3): Status(
        "too long for the mailbox",
        "The message is longer than this mailbox takes.",
        _MAILBOX,
        (552,),
        _END,
        "Send a smaller message, or a link to what is large in it.",
    ),
    (2, 4): Status(
        "list not expanded",
        "The mailing list could not be turned into its members.",
        _MAILBOX,
        (450, 452),
        _RCPT_OR_REPORT,
        "Write to the owner of the list, or to its members one by one.",
    ),
    (3, 0): Status(
        "mail system",
        "Something about the receiving system as a whole matters here.",
        _SYSTEM,
        (221, 250, 421, 451, 550, 554),
        _ANY,
        "Try again later; if it stays so, write to the postmaster there.",
    ),
    (3, 1): Status(
        "system full",
        "The receiving system has no room left for mail.",
        _SYSTEM,
        (452,),
        _ANY,
        "Try again in some hours: the operator has to make room.",
    ),
    (3, 2): Status(
        "no mail taken now",
        "The receiving system takes no mail from the network.",
        _SYSTEM,
        (453, 521),
        _ANY,
        "Try again later if the code begins with 4; else look up the MX records of the domain.",
    ),
    (3, 3): Status(
        "feature missing",
        "The receiving system cannot do what the message asks for.",
        _SYSTEM,
        (),
        _MAIL_OR_RCPT,
        "Leave out the parameters that the EHLO reply does not offer.",
    ),
    (3, 4): Status(
        "too big for the system",
        "The message is bigger than the receiving system takes.",
        _SYSTEM,
        (552, 554),
        "in answer to MAIL or at the end of data",
        "Compare the size of the message with SIZE in the EHLO reply, and send less.",
    ),
    (3, 5): Status(
        "misconfigured",
        "The receiving system is set up in a way that does not let this work.",
        _SYSTEM,
        (),
        _ANY,
        "Write to the postmaster there: only the operator can mend it.",
    ),
    (3, 6): Status(
        "priority changed",
        "The message was taken, with another priority than asked for.",
        _PRIORITY,
        (250, 251),
        _END,
        "Go on: the text says which priority the message has now.",
    ),
    (4, 0): Status(
        "network",
        "Something about the network or the route matters here.",
        _ROUTING,
        (),
        _RCPT_OR_REPORT,
        "Try again later: the fault may be between the servers.",
    ),
    (4, 1): Status(
        "no answer",
        "The next server did not answer.",
        _ROUTING,
        (451,),
        _RCPT_OR_REPORT,
        "Try again later; if it stays so, look up the MX records and try the next of them.",
    ),
    (4, 2): Status(
        "bad connection",
        "The connection came about but did not hold.",
        _ROUTING,
        (421,),
        "at any moment",
        "Connect again after a while; if it stays so, look for a firewall in between.",
    ),
    (4, 3): Status(
        "directory failure",
        "A look-up, most often in the DNS, failed.",
        _ROUTING,
        (451, 550),
        _MAIL_OR_RCPT,
        "Try again later, and check with a DNS tool that both domains can be looked up.",
    ),
    (4, 4): Status(
        "no route",
        "No server was found to hand the message to.",
        _ROUTING,
        (),
        _RCPT_OR_REPORT,
        "Check the domain, letter by letter, and look up its MX records.",
    ),
    (4, 5): Status(
        "congestion",
        "The mail system is too busy.",
        _ROUTING,
        (451,),
        _ANY,
        "Try again later, with fewer connections at once.",
    ),
    (4, 6): Status(
        "loop",
        "The message goes round in circles between servers.",
        _ROUTING,
        (),
        _END_OR_REPORT,
        "Read the Received fields of the returned message: they show who passes it to whom.",
    ),
    (4, 7): Status(
        "too old",
        "The message waited for longer than the system keeps trying.",
        _ROUTING,
        (),
        _REPORT,
        "Send it again if it still matters, and ask the recipient's postmaster about the delay.",
    ),
    (5, 0): Status(
        "protocol",
        "Something about the commands matters here.",
        _PROTOCOL,
        (220, 250, 251, 252, 253, 451, 452, 454, 458, 459, 501, 502, 503, 554),
        _ANY,
        "Read the reply code and the text: they say which command is meant.",
    ),
    (5, 1): Status(
        "command out of place",
        "The command is unknown, or does not belong here.",
        _PROTOCOL,
        (430, 500, 501, 503, 530, 550, 554, 555),
        _ANY,
        "Check the spelling of the verb and the order: EHLO, MAIL, RCPT, DATA.",
    ),
    (5, 2): Status(
        "syntax",
        "The command could not be read.",
        _PROTOCOL,
        (500, 501, 502, 550, 555),
        _ANY,
        "Compare the command with its syntax, letter by letter.",
    ),
    (5, 3): Status(
        "too many recipients",
        "The message has more recipients than the server takes.",
        _PROTOCOL,
        (451,),
        _RCPT,
        "Finish the message for those accepted so far, then send it to the others.",
    ),
    (5, 4): Status(
        "bad arguments",
        "The command is known, but its arguments are not good.",
        _PROTOCOL,
        (451, 501, 502, 503, 504, 550, 555),
        _ANY,
        "Send only arguments and parameters that the EHLO reply offers.",
    ),
    (5, 5): Status(
        "wrong version",
        "The two sides speak versions that do not fit together.",
        _PROTOCOL,
        (),
        _ANY,
        "Leave out extensions, or begin the session with HELO.",
    ),
    (5, 6): Status(
        "login line too long",
        "A line of the login is longer than the server takes.",
        _AUTH,
        (500,),
        _LOGIN,
        "Send the response on a line of its own after 334, or choose a mechanism with shorter lines.",
    ),
    (6, 0): Status(
        "content",
        "Something about the message itself matters here.",
        _CONTENT,
        (),
        _END,
        "Send the message in a simpler form, for example as plain text.",
    ),
    (6, 1): Status(
        "kind of content not supported",
        "The system cannot take content of this kind.",
        _CONTENT,
        (),
        _END,
        "Send the message in another form, for example as plain text without attachments.",
    ),
    (6, 2): Status(
        "conversion needed and forbidden",
        "The content would have to be converted, and that is not allowed.",
        _CONTENT,
        (),
        _END_OR_REPORT,
        "Encode the content for 7 bits, as base64 or quoted-printable, and send it again.",
    ),
    (6, 3): Status(
        "conversion needed and impossible",
        "The content would have to be converted, and the system cannot.",
        _CONTENT,
        (554,),
        _END_OR_REPORT,
        "Encode the content for 7 bits, as base64 or quoted-printable, and send it again.",
    ),
    (6, 4): Status(
        "converted with loss",
        "The content was converted and something of it was lost.",
        _CONTENT,
        (250,),
        _END_OR_REPORT,
        "Look at what arrived, if every octet matters.",
    ),
    (6, 5): Status(
        "conversion failed",
        "The content could not be converted.",
        _CONTENT,
        (),
        _END_OR_REPORT,
        "Encode the content for 7 bits, as base64 or quoted-printable, and send it again.",
    ),
    (6, 6): Status(
        "content not available",
        "The server could not fetch the content from where it lies.",
        Reference(4468, "5"),
        (554,),
        "in answer to BURL",
        "Check that the URL is still good, or send the content itself with DATA or BDAT.",
    ),
    (6, 7): Status(
        "non-ASCII address",
        "An address outside ASCII is not allowed for this sender or recipient.",
        _UTF8,
        (550, 553),
        _MAIL_OR_RCPT,
        "Use an address in ASCII, or add SMTPUTF8 to MAIL where the EHLO reply offers it.",
    ),
    (6, 8): Status(
        "answer needs UTF-8",
        "The answer needs characters outside ASCII, and the client did not allow them.",
        _UTF8,
        (252, 550, 553),
        "in answer to VRFY, EXPN or RCPT",
        "Ask again with the SMTPUTF8 parameter.",
    ),
    (6, 9): Status(
        "header needs UTF-8",
        "The header has characters outside ASCII and the way to some recipient does not carry them.",
        _UTF8,
        (550,),
        _END,
        "Send the message with a header in ASCII, for example with encoded words.",
    ),
    (6, 10): Status(
        "answer needs UTF-8 (old code)",
        "This is the withdrawn twin of X.6.8: the answer needs characters outside ASCII.",
        Reference(6531, "4.2"),
        (),
        "in answer to VRFY, EXPN or RCPT",
        "Ask again with the SMTPUTF8 parameter.",
    ),
    (7, 0): Status(
        "security",
        "Something about security matters here.",
        _POLICY,
        (220, 235, 450, 454, 500, 501, 503, 504, 530, 535, 550),
        _ANY,
        "Read the text: it should say whether TLS, a login or another sender is missing.",
    ),
    (7, 1): Status(
        "not authorized",
        "The rules of the house do not let this client do this.",
        _POLICY,
        (451, 454, 502, 503, 533, 550, 551),
        _ANY,
        "Log in first, or send to the server of the recipient's domain; else the text names the rule.",
    ),
    (7, 2): Status(
        "list closed",
        "You may not send to this mailing list.",
        _POLICY,
        (550,),
        _RCPT,
        "Ask the owner of the list to let you write to it.",
    ),
    (7, 3): Status(
        "security conversion impossible",
        "The message would have to change its protection, and cannot.",
        _POLICY,
        (),
        _END_OR_REPORT,
        "Send the message without that protection, or to somebody who can read it as it is.",
    ),
    (7, 4): Status(
        "security feature missing",
        "The message asks for a protection that the system lacks.",
        _POLICY,
        (504,),
        "in answer to AUTH, MAIL or RCPT",
        "Choose a login mechanism or parameter that the EHLO reply lists.",
    ),
    (7, 5): Status(
        "cryptographic failure",
        "A cryptographic step failed, for want of a key for example.",
        _POLICY,
        (),
        _END_OR_REPORT,
        "Check the keys and certificates that the message was signed or encrypted with.",
    ),
    (7, 6): Status(
        "algorithm not supported",
        "The system does not know the cryptographic algorithm.",
        _POLICY,
        (),
        _END_OR_REPORT,
        "Sign or encrypt with an algorithm in common use.",
    ),
    (7, 7): Status(
        "integrity failure",
        "The message was changed on the way, or its check is broken.",
        _POLICY,
        (),
        _END_OR_REPORT,
        "Send the message again, and look for a program on the way that changes it.",
    ),
    (7, 8): Status(
        "login wrong",
        "User name or password is wrong.",
        _AUTH,
        (535, 554),
        _LOGIN,
        "Check user name and password; some servers want the whole address, or an app password.",
    ),
    (7, 9): Status(
        "login mechanism too weak",
        "The rules of the house want a stronger login mechanism.",
        _AUTH,
        (534,),
        _LOGIN,
        "Choose a stronger mechanism from the AUTH line of the EHLO reply.",
    ),
    (7, 10): Status(
        "encryption needed",
        "The connection has to be encrypted first.",
        _REGISTRY,
        (523,),
        _LOGIN,
        "Send STARTTLS first, then EHLO and AUTH again.",
    ),
    (7, 11): Status(
        "encryption needed for this login",
        "This login mechanism works only inside TLS.",
        _AUTH,
        (524, 538),
        _LOGIN,
        "Send STARTTLS first, then EHLO and AUTH again.",
    ),
    (7, 12): Status(
        "password transition needed",
        "The password has to be set anew for this mechanism.",
        _AUTH,
        (422, 432),
        _LOGIN,
        "Log in once with PLAIN inside TLS, or set the password anew at the provider.",
    ),
    (7, 13): Status(
        "account disabled",
        "The account is switched off.",
        _REGISTRY,
        (525,),
        _LOGIN,
        "Ask the operator why the account is switched off.",
    ),
    (7, 14): Status(
        "trust relationship needed",
        "The server would need an agreement with the one that holds the content.",
        _REGISTRY,
        (535, 554),
        "in answer to BURL",
        "Send the content itself with DATA or BDAT.",
    ),
    (7, 15): Status(
        "priority too low",
        "The server takes only mail of a higher priority now.",
        _PRIORITY,
        (450, 550),
        _MAIL_OR_RCPT,
        "Wait, or ask for a higher priority with MT-PRIORITY if it is yours to ask.",
    ),
    (7, 16): Status(
        "too big for its priority",
        "The message is too big for the priority it asks for.",
        _PRIORITY,
        (552,),
        "in answer to MAIL or at the end of data",
        "Send less, or ask for a lower priority.",
    ),
    (7, 17): Status(
        "mailbox has a new owner",
        "The mailbox belongs to somebody else than when you last knew it.",
        _VALID_SINCE,
        (),
        _RCPT_OR_END,
        "Make sure that the address still belongs to whom you mean before you send anything private.",
    ),
    (7, 18): Status(
        "domain has a new owner",
        "The domain belongs to somebody else than when you last knew it.",
        _VALID_SINCE,
        (),
        _RCPT_OR_END,
        "Make sure that the address still belongs to whom you mean before you send anything private.",
    ),
    (7, 19): Status(
        "owner not checkable",
        "The server cannot tell since when the mailbox has its owner.",
        _VALID_SINCE,
        (),
        _RCPT_OR_END,
        "Decide whether to send without RRVS: nobody can tell whose mailbox it is.",
    ),
    (7, 20): Status(
        "no good DKIM signature",
        "The message has no DKIM signature that holds.",
        _DKIM,
        (550,),
        _END,
        "Send through the server that signs for the domain in the From field, and test its signature.",
    ),
    (7, 21): Status(
        "no accepted DKIM signature",
        "A DKIM signature holds, but none that this server accepts.",
        _DKIM,
        (550,),
        _END,
        "Sign the fields that the receiver asks for, with a key that is long enough.",
    ),
    (7, 22): Status(
        "no DKIM signature of the author",
        "A DKIM signature holds, but none is of the author's domain.",
        _DKIM,
        (550,),
        _END,
        "Sign with the domain in the From field.",
    ),
    (7, 23): Status(
        "SPF failed",
        "The sender's domain says by SPF that this client may not send for it.",
        _SPF,
        (550,),
        "in answer to MAIL or RCPT, or at the end of data",
        "Send through the server of the sender's domain, or have this client added to its SPF record.",
    ),
    (7, 24): Status(
        "SPF not checkable",
        "The sender's SPF record could not be read or understood.",
        _SPF,
        (451, 550),
        "in answer to MAIL or RCPT, or at the end of data",
        "Check the SPF record of the sender's domain with a DNS tool, and mend it.",
    ),
    (7, 25): Status(
        "reverse DNS failed",
        "The client's address has no name in the DNS that leads back.",
        Reference(7372, "3.3"),
        (550,),
        _ANY,
        "Have the operator of the network give this address a name in the DNS that leads back to it.",
    ),
    (7, 26): Status(
        "several checks failed",
        "More than one check of who sent this failed.",
        Reference(7372, "3.4"),
        (550,),
        _END,
        "Send through the server of the domain in the From field, with SPF and DKIM set up there.",
    ),
    (7, 27): Status(
        "sender's domain takes no mail",
        "The sender's domain says in its DNS that it takes no mail.",
        _NULL_MX,
        (550,),
        "in answer to MAIL or at the end of data",
        "Use a sender that can receive mail.",
    ),
    (7, 28): Status(
        "mail flood",
        "The message looks like part of a flood of mail.",
        None,
        (),
        "in answer to MAIL or RCPT, or at the end of data",
        "Stop, and look for what sends so many messages of the same kind.",
    ),
    (7, 29): Status(
        "ARC failed",
        "The chain of ARC seals on the message does not hold.",
        Reference(8617),
        (550,),
        _END,
        "Ask the forwarder or list in between to mend its ARC seals, or send without it.",
    ),
    (7, 30): Status(
        "REQUIRETLS not possible",
        "The message insists on TLS all the way, and the way on has none.",
        Reference(8689),
        (550,),
        _END_OR_REPORT,
        "Send without REQUIRETLS if the message may go in the clear, else use another way.",
    ),
}


def row(class_: int, subject_: int, detail: int) -> Status:
    """What a status says; of its parts, and saying so, where no registry has it."""
    return STATUSES.get((subject_, detail)) or _by_parts(class_, subject_, detail)


def meaning(class_: int, subject_: int, detail: int) -> str:
    """What a status means, one plain sentence."""
    return row(class_, subject_, detail).meaning


def subject(number: int) -> str:
    """What the second number is about."""
    return SUBJECTS.get(number, "no subject that a standard knows")


def _by_parts(class_: int, subject_: int, detail: int) -> Status:
    outcome = CLASSES.get(class_, "no class that a standard knows").partition(":")[0]
    about = subject(subject_).partition(":")[0]
    sentence = f"No registry that smtpnb knows has {class_}.{subject_}.{detail}; its parts say {outcome}, {about}."
    advice = "Read the text: only the server's own words say more."
    return Status("unknown detail", sentence, Reference(3463, "2"), (), "where its subject fits", advice)


def _listed(codes: Sequence[int]) -> str:
    """`450`, `450 or 451`, `450, 451 or 452`."""
    *first, last = map(str, codes)
    return f"{', '.join(first)} or {last}" if first else last
