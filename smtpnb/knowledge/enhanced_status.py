"""Enhanced mail system status codes in plain words (RFC 3463, and the registry that RFC 5248 set up).

A status is class.subject.detail. The registry names subject and detail; the class only says whether it worked (2), may
work later (4) or will not (5), so one row serves all three. A status that is in no row falls back on its parts and says
so. Where a status is allowed to be given in two classes, the meaning is worded so that both read right.
"""

from typing import Final, NamedTuple

from smtpnb.knowledge.rfc import Reference


class Status(NamedTuple):
    """What subject and detail of an enhanced status say.

    Attributes:
        name: a short name.
        meaning: one plain sentence.
        reference: where it is defined; None for a draft that became no RFC.
    """

    name: str
    meaning: str
    reference: Reference | None


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
_REGISTRY: Final = Reference(5248)
_UTF8: Final = Reference(6531, "3.5")
_PRIORITY: Final = Reference(6710)
_VALID_SINCE: Final = Reference(7293)
_DKIM: Final = Reference(7372, "3.1")
_SPF: Final = Reference(7372, "3.2")
_NULL_MX: Final = Reference(7505)

#: (subject, detail) → what it says.
STATUSES: Final = {
    (0, 0): Status("undefined", "It says no more than its first number does.", _OTHER),
    (1, 0): Status("address", "Something about the address matters here.", _ADDRESS),
    (1, 1): Status("no such mailbox", "There is no mailbox of this name.", _ADDRESS),
    (1, 2): Status("no such domain", "The domain behind the @ does not exist or cannot take mail.", _ADDRESS),
    (1, 3): Status("recipient badly written", "The recipient's address breaks the rules of writing.", _ADDRESS),
    (1, 4): Status("ambiguous mailbox", "The name fits more than one mailbox.", _ADDRESS),
    (1, 5): Status("recipient valid", "The recipient's address is good.", _ADDRESS),
    (1, 6): Status("mailbox moved", "The mailbox was here once and left no new address.", _ADDRESS),
    (1, 7): Status("sender badly written", "The sender's address breaks the rules of writing.", _ADDRESS),
    (1, 8): Status("sender's domain unknown", "The sender's domain does not exist or takes no answers.", _ADDRESS),
    (1, 9): Status(
        "sent on to an old system",
        "The message went on to a system that cannot report what becomes of it.",
        Reference(3886),
    ),
    (1, 10): Status(
        "recipient's domain takes no mail", "The recipient's domain says in its DNS that it takes no mail.", _NULL_MX
    ),
    (2, 0): Status("mailbox", "Something about the recipient's mailbox matters here.", _MAILBOX),
    (2, 1): Status("mailbox disabled", "The mailbox exists but takes no mail.", _MAILBOX),
    (2, 2): Status("mailbox full", "The mailbox is full.", _MAILBOX),
    (2, 3): Status("too long for the mailbox", "The message is longer than this mailbox takes.", _MAILBOX),
    (2, 4): Status("list not expanded", "The mailing list could not be turned into its members.", _MAILBOX),
    (3, 0): Status("mail system", "Something about the receiving system as a whole matters here.", _SYSTEM),
    (3, 1): Status("system full", "The receiving system has no room left for mail.", _SYSTEM),
    (3, 2): Status("no mail taken now", "The receiving system takes no mail from the network.", _SYSTEM),
    (3, 3): Status("feature missing", "The receiving system cannot do what the message asks for.", _SYSTEM),
    (3, 4): Status("too big for the system", "The message is bigger than the receiving system takes.", _SYSTEM),
    (3, 5): Status("misconfigured", "The receiving system is set up in a way that does not let this work.", _SYSTEM),
    (3, 6): Status("priority changed", "The message was taken, with another priority than asked for.", _PRIORITY),
    (4, 0): Status("network", "Something about the network or the route matters here.", _ROUTING),
    (4, 1): Status("no answer", "The next server did not answer.", _ROUTING),
    (4, 2): Status("bad connection", "The connection came about but did not hold.", _ROUTING),
    (4, 3): Status("directory failure", "A look-up, most often in the DNS, failed.", _ROUTING),
    (4, 4): Status("no route", "No server was found to hand the message to.", _ROUTING),
    (4, 5): Status("congestion", "The mail system is too busy.", _ROUTING),
    (4, 6): Status("loop", "The message goes round in circles between servers.", _ROUTING),
    (4, 7): Status("too old", "The message waited for longer than the system keeps trying.", _ROUTING),
    (5, 0): Status("protocol", "Something about the commands matters here.", _PROTOCOL),
    (5, 1): Status("command out of place", "The command is unknown, or does not belong here.", _PROTOCOL),
    (5, 2): Status("syntax", "The command could not be read.", _PROTOCOL),
    (5, 3): Status("too many recipients", "The message has more recipients than the server takes.", _PROTOCOL),
    (5, 4): Status("bad arguments", "The command is known, but its arguments are not good.", _PROTOCOL),
    (5, 5): Status("wrong version", "The two sides speak versions that do not fit together.", _PROTOCOL),
    (5, 6): Status("login line too long", "A line of the login is longer than the server takes.", _AUTH),
    (6, 0): Status("content", "Something about the message itself matters here.", _CONTENT),
    (6, 1): Status("kind of content not supported", "The system cannot take content of this kind.", _CONTENT),
    (6, 2): Status(
        "conversion needed and forbidden", "The content would have to be converted, and that is not allowed.", _CONTENT
    ),
    (6, 3): Status(
        "conversion needed and impossible", "The content would have to be converted, and the system cannot.", _CONTENT
    ),
    (6, 4): Status("converted with loss", "The content was converted and something of it was lost.", _CONTENT),
    (6, 5): Status("conversion failed", "The content could not be converted.", _CONTENT),
    (6, 6): Status(
        "content not available", "The server could not fetch the content from where it lies.", Reference(4468)
    ),
    (6, 7): Status("non-ASCII address", "An address outside ASCII is not allowed for this sender or recipient.", _UTF8),
    (6, 8): Status(
        "answer needs UTF-8", "The answer needs characters outside ASCII, and the client did not allow them.", _UTF8
    ),
    (6, 9): Status(
        "header needs UTF-8",
        "The header has characters outside ASCII and the way to some recipient does not carry them.",
        _UTF8,
    ),
    (6, 10): Status(
        "answer needs UTF-8 (old code)",
        "This is the withdrawn twin of X.6.8: the answer needs characters outside ASCII.",
        _UTF8,
    ),
    (7, 0): Status("security", "Something about security matters here.", _POLICY),
    (7, 1): Status("not authorized", "The rules of the house do not let this client send this.", _POLICY),
    (7, 2): Status("list closed", "You may not send to this mailing list.", _POLICY),
    (7, 3): Status(
        "security conversion impossible", "The message would have to change its protection, and cannot.", _POLICY
    ),
    (7, 4): Status("security feature missing", "The message asks for a protection that the system lacks.", _POLICY),
    (7, 5): Status("cryptographic failure", "A cryptographic step failed, for want of a key for example.", _POLICY),
    (7, 6): Status("algorithm not supported", "The system does not know the cryptographic algorithm.", _POLICY),
    (7, 7): Status("integrity failure", "The message was changed on the way, or its check is broken.", _POLICY),
    (7, 8): Status("login wrong", "User name or password is wrong.", _AUTH),
    (7, 9): Status("login mechanism too weak", "The rules of the house want a stronger login mechanism.", _AUTH),
    (7, 10): Status("encryption needed", "The connection has to be encrypted first.", _REGISTRY),
    (7, 11): Status("encryption needed for this login", "This login mechanism works only inside TLS.", _AUTH),
    (7, 12): Status("password transition needed", "The password has to be set anew for this mechanism.", _AUTH),
    (7, 13): Status("account disabled", "The account is switched off.", _REGISTRY),
    (7, 14): Status(
        "trust relationship needed",
        "The server would need an agreement with the one that holds the content.",
        _REGISTRY,
    ),
    (7, 15): Status("priority too low", "The server takes only mail of a higher priority now.", _PRIORITY),
    (7, 16): Status("too big for its priority", "The message is too big for the priority it asks for.", _PRIORITY),
    (7, 17): Status(
        "mailbox has a new owner", "The mailbox belongs to somebody else than when you last knew it.", _VALID_SINCE
    ),
    (7, 18): Status(
        "domain has a new owner", "The domain belongs to somebody else than when you last knew it.", _VALID_SINCE
    ),
    (7, 19): Status(
        "owner not checkable", "The server cannot tell since when the mailbox has its owner.", _VALID_SINCE
    ),
    (7, 20): Status("no good DKIM signature", "The message has no DKIM signature that holds.", _DKIM),
    (7, 21): Status("no accepted DKIM signature", "A DKIM signature holds, but none that this server accepts.", _DKIM),
    (7, 22): Status(
        "no DKIM signature of the author", "A DKIM signature holds, but none is of the author's domain.", _DKIM
    ),
    (7, 23): Status("SPF failed", "The sender's domain says by SPF that this client may not send for it.", _SPF),
    (7, 24): Status("SPF not checkable", "The sender's SPF record could not be read or understood.", _SPF),
    (7, 25): Status(
        "reverse DNS failed", "The client's address has no name in the DNS that leads back.", Reference(7372, "3.3")
    ),
    (7, 26): Status("several checks failed", "More than one check of who sent this failed.", Reference(7372, "3.4")),
    (7, 27): Status(
        "sender's domain takes no mail", "The sender's domain says in its DNS that it takes no mail.", _NULL_MX
    ),
    (7, 28): Status("mail flood", "The message looks like part of a flood of mail.", None),
    (7, 29): Status("ARC failed", "The chain of ARC seals on the message does not hold.", Reference(8617)),
    (7, 30): Status(
        "REQUIRETLS not possible", "The message insists on TLS all the way, and the way on has none.", Reference(8689)
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
    return Status("unknown detail", sentence, Reference(3463, "2"))
