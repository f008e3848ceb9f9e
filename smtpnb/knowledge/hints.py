"""What well-known servers put into the text of a refusal, recognised: a hint of what may be meant, never a fact.

A reply's text is meant for people and no standard rules it (RFC 5321 §4.2), so whatever is read out of it here begins
with "May be" and names the words that suggested it; those are our own spelling of them, not the server's octets. The
phrases come from Postfix, Exim, Sendmail, Exchange and Microsoft 365, Gmail, OpenSMTPD, qmail and common filters.

Some servers, qmail above all, put an enhanced status where RFC 2034 §4 does not have it: `(#5.7.1)` at the end. It is
no enhanced status then, and what it says is a guess like the others, the last that is made.

A hostile server can make a reply as long and as odd as it likes: only its first lines and characters are read, phrases
are looked for as plain strings and a status word by word, so the time is bounded and no pattern can explode.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from smtpnb.knowledge import reasons
from smtpnb.knowledge.enhanced_status import STATUSES

#: How much of a reply is read; longer than the longest refusals seen, which are Gmail's five lines.
LINES: Final = 12
CHARACTERS: Final = 2_000


class Hint(NamedTuple):
    """What a reply's text may mean.

    Attributes:
        name: a few words.
        meaning: one sentence that begins with "May be".
        advice: what to try if it is so, one sentence.
        words: the words that suggested it, in lower case and without the server's punctuation.
    """

    name: str
    meaning: str
    advice: str
    words: str

    @property
    def reason(self) -> str:
        """What suggested it, one sentence."""
        return f"The text says “{self.words}”."

    @property
    def step(self) -> str:
        """The advice, with the condition in front."""
        return f"If so: {self.advice[0].lower()}{self.advice[1:]}"


class Rule(NamedTuple):
    """How a hint is recognised.

    Attributes:
        name: a few words.
        meaning: one sentence that begins with "May be".
        advice: what to try if it is so, one sentence.
        phrases: any of these words, in this order, suggest it.
        severities: first digits of the codes it is looked for in.
        verbs: verbs it answers; empty for all. An unknown verb always fits.
        not_verbs: verbs it never answers.
        statuses: subject and detail of the enhanced statuses that say it already, so that no hint is needed.
    """

    name: str
    meaning: str
    advice: str
    phrases: tuple[str, ...]
    severities: tuple[int, ...] = (4, 5)
    verbs: tuple[str, ...] = ()
    not_verbs: tuple[str, ...] = ()
    statuses: frozenset[tuple[int, int]] = frozenset()


#: The statuses that name SPF, DKIM or both (RFC 7372).
_SENDER_CHECKS: Final = frozenset({(7, 20), (7, 21), (7, 22), (7, 23), (7, 24), (7, 26)})

#: The finer come before the coarser: the first that fits is the hint.
RULES: Final = (
    Rule(
        "STARTTLS first",
        "May be that the server wants TLS before anything else.",
        "Send STARTTLS, then EHLO again, then repeat the command.",
        (
            "must issue a starttls command first", "starttls command first", "starttls first", "issue starttls",
            "tls required", "tls is required", "requires tls", "must use tls", "encryption required",
            "encryption is required", "encryption needed", "requires encryption", "use starttls",
        ),
        statuses=frozenset({(7, 10), (7, 11)}),
    ),
    Rule(
        "login not on offer",
        "May be that the server offers no login here: only inside TLS, or only on the submission ports.",
        "Look for AUTH in the EHLO reply; if it is missing, try STARTTLS first, or port 587 or 465.",
        (
            "authentication not enabled", "auth command used when not advertised", "auth not available",
            "authentication not available", "authentication is not supported", "auth not supported",
        ),
    ),
    Rule(
        "app password",
        "May be that the account wants a password made for this one program.",
        "Make an app password in the account's security settings, and log in with that.",
        ("application specific password", "app specific password", "app password"),
    ),
    Rule(
        "login by password switched off",
        "May be that the operator has switched logins by password off for this account.",
        "Ask the administrator to allow SMTP AUTH for the mailbox, or log in with XOAUTH2.",
        (
            "smtpclientauthentication is disabled", "basic authentication is disabled", "user is locked by your",
            "basic authentication is not supported", "log in via your web browser", "web login required",
        ),
    ),
    Rule(
        "relaying refused",
        "May be that the server will not relay: the recipient's domain is not its own, and it does not know you.",
        "Log in first, or send to the server that the MX record of the recipient's domain names.",
        (
            "relay access denied", "relaying denied", "relaying not allowed", "relaying is not allowed",
            "relay not permitted", "relaying not permitted", "relay denied", "relay not allowed", "unable to relay",
            "not permitted to relay", "not allowed to relay", "allowed rcpthosts", "do not relay", "does not relay",
            "relaying prohibited", "relaying to this domain", "relay prohibited", "no relaying", "not an open relay",
        ),
        not_verbs=("AUTH",),
    ),
    Rule(
        "authentication required",
        "May be that the server wants a login first.",
        "Send AUTH, inside TLS, then repeat the command.",
        (
            "authentication required", "authentication is required", "proper authentication", "must authenticate",
            "must issue an auth command first", "authenticate first", "was not authenticated to send",
            "client not authenticated", "you are not authenticated", "auth required",
            "need to authenticate", "please authenticate", "not logged in", "login required", "must be authenticated",
            "authorization required",
        ),
        not_verbs=("AUTH",),
    ),
    Rule(
        "sender not yours",
        "May be that this login may not use this sender's address.",
        "Use the address that belongs to the login.",
        (
            "not owned by user", "does not have permissions to send as", "sendasdenied", "not allowed to send as",
            "not permitted to send as", "not authorized to send as", "from address not verified",
        ),
        not_verbs=("AUTH",),
    ),
    Rule(
        "greylisting",
        "May be greylisting: a stranger is turned away once, to see whether it comes back as real servers do.",
        "Wait five minutes or more, then send the same sender and recipient again from the same address.",
        (
            "greylisted", "greylisting", "greylist", "greylistd", "graylisted", "graylisting", "graylist",
            "grey listed", "grey listing", "gray listed", "gray listing", "postgrey",
            "first time sender",
        ),
        severities=(4,),
        not_verbs=("AUTH",),
    ),
    Rule(
        "too many errors",
        "May be that this session has had more errors than the server puts up with.",
        "Connect again, and mend what was refused before you repeat it.",
        (
            "too many errors", "too many bad commands", "too many invalid commands", "too many unrecognized commands",
            "too many syntax or protocol errors", "too many nonmail commands", "too many unknown",
            "too many failed", "too many authentication failures",
        ),
    ),
    Rule(
        "too many recipients",
        "May be that the message has more recipients than the server takes at once.",
        "Finish the message for those accepted so far, then send it to the others.",
        ("too many recipients", "recipient limit", "recipients limit", "recipient count exceeds"),
        statuses=frozenset({(5, 3)}),
    ),
    Rule(
        "loop",
        "May be that the message goes round in circles between servers.",
        "Read its Received fields: they show who passes it to whom.",
        ("too many hops", "mail loop", "mail loops", "routing loop", "hop count exceeded", "loops back to myself"),
        statuses=frozenset({(4, 6)}),
    ),
    Rule(
        "rate limit",
        "May be a limit on how much this client or account sends in a given time.",
        "Pause, for an hour if need be, then go on with fewer connections and messages.",
        (
            "rate limit", "rate limited", "ratelimit", "ratelimited", "rate limiting", "rate limits", "message rate",
            "connection rate", "too many connections", "too many concurrent", "too many open connections",
            "concurrent connections limit", "connections limit", "connection limit", "too many sessions",
            "too much mail", "too many messages", "too many emails", "too many mails", "unusual rate",
            "at a rate that prevents", "receiving mail too quickly", "sending quota", "sending limit",
            "sending limits", "send limit", "throttled", "throttling", "exceeded the rate", "sending too fast",
            "exceeded threshold", "allowed rate",
        ),
    ),
    Rule(
        "blocklist",
        "May be that this client's address is on a list of senders of spam, or of addresses for home users.",
        "Send through your provider's submission server, or have the operator of the network ask to be taken off.",
        (
            "blocked using", "blacklisted", "blocklisted", "blocklist", "blacklist", "block list", "black list",
            "block listed", "black listed", "dnsbl", "rbl", "rbls", "zen.spamhaus.org", "sbl.spamhaus.org",
            "pbl.spamhaus.org", "xbl.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org", "banned sending ip",
            "dynamic ip", "dynamic address", "dialup", "poor reputation", "low reputation", "bad reputation",
            "ip address reputation", "user complaints", "traffic not accepted from this ip",
        ),
        not_verbs=("AUTH",),
    ),
    Rule(
        "reverse DNS",
        "May be that this client's address has no name in the DNS that leads back to it.",
        "Have the operator of the network set a PTR record, and a name that leads back to the address.",
        (
            "cannot find your hostname", "cannot find your reverse hostname", "reverse dns", "ptr record",
            "ptr records", "ptr rr", "rdns", "reverse hostname", "reverse lookup", "ip name lookup failed",
            "ip name possibly forged", "fix your reverse", "no reverse",
        ),
        not_verbs=("AUTH",),
        statuses=frozenset({(7, 25)}),
    ),
    Rule(
        "name in EHLO",
        "May be that the server does not like the name that the client gave in EHLO or HELO.",
        "Say EHLO with the full name of this host, as the DNS has it, or with its address in brackets.",
        (
            "need fully qualified hostname", "fully qualified hostname", "helo command rejected", "invalid helo",
            "invalid ehlo", "bad helo", "bad ehlo", "helo requires domain address", "ehlo requires domain address",
            "syntactically invalid helo", "syntactically invalid ehlo", "helo name", "helo hostname", "helo argument",
            "helo does not resolve", "forged helo",
        ),
        not_verbs=("AUTH",),
    ),
    Rule(
        "sender's domain",
        "May be that the sender's domain cannot be found in the DNS, or takes no answers.",
        "Use a sender whose domain exists and has an MX or address record.",
        (
            "sender address rejected domain not found", "domain of sender address", "domain of sender",
            "sender domain must exist", "sender domain must resolve", "sender domain not found",
            "invalid sender domain",
            "sender domain does not exist", "sender verify failed", "could not complete sender verify callout",
            "sender address rejected undeliverable address", "does not have a valid mx", "unresolvable sender",
        ),
        not_verbs=("AUTH",),
        statuses=frozenset({(1, 8), (7, 27)}),
    ),
    Rule(
        "DMARC",
        "May be the DMARC rule of the domain in the From field: neither SPF nor DKIM vouches for this message.",
        "Send through the server of that domain, with SPF and DKIM set up there.",
        ("dmarc", "does not meet the required authentication level"),
        not_verbs=("AUTH",),
    ),
    Rule(
        "SPF or DKIM missing",
        "May be that nothing vouches for the sender: the server wants SPF or DKIM to pass.",
        "Send through the server of the sender's domain, with SPF and DKIM set up there.",
        (
            "sender is unauthenticated", "unauthenticated email", "does not have authentication information",
            "either spf or dkim", "spf and dkim", "spf or dkim",
        ),
        not_verbs=("AUTH",),
        statuses=_SENDER_CHECKS,
    ),
    Rule(
        "SPF",
        "May be SPF: the sender's domain does not name this client among those that send for it.",
        "Send through the server of the sender's domain, or have this client added to its SPF record.",
        ("spf", "sender policy framework", "does not designate"),
        not_verbs=("AUTH",),
        statuses=_SENDER_CHECKS,
    ),
    Rule(
        "DKIM",
        "May be DKIM: the message has no signature, or none that holds.",
        "Send through the server that signs for the sender's domain, and let nothing change the message behind it.",
        ("dkim", "domainkeys"),
        not_verbs=("AUTH",),
        statuses=_SENDER_CHECKS,
    ),
    Rule(
        "mailbox full",
        "May be that the recipient's mailbox is full.",
        "Try again in some hours, or tell the recipient in another way.",
        (
            "mailbox full", "mailbox is full", "mailbox size limit exceeded", "over quota", "overquota",
            "quota exceeded", "exceeded quota", "exceeds quota", "quota is exceeded", "exceeded storage allocation",
            "out of storage space", "inbox is full", "mail box full", "user is over the quota",
        ),
        verbs=("RCPT", "DATA", ".", "BDAT", "BDAT LAST"),
        statuses=frozenset({(2, 2)}),
    ),
    Rule(
        "account switched off",
        "May be that the account or mailbox exists but is switched off.",
        "Ask the operator, or the recipient in another way.",
        (
            "account disabled", "account is disabled", "account has been disabled",
            "account that you tried to reach is disabled",
            "mailbox disabled", "mailbox is disabled", "user disabled", "user is disabled", "account is inactive",
            "account inactive", "account suspended", "account has been suspended", "account is locked",
        ),
        statuses=frozenset({(2, 1), (7, 13)}),
    ),
    Rule(
        "unknown recipient",
        "May be that there is no such mailbox.",
        "Check the name before the @, letter by letter.",
        (
            "user unknown", "unknown user", "no such user", "no such user here", "user not found", "no such recipient",
            "no such mailbox", "recipient not found", "recipient unknown", "unknown recipient", "invalid recipient",
            "mailbox not found", "mailbox unknown", "unknown mailbox", "no mailbox here by that name",
            "account that you tried to reach does not exist", "user does not exist", "mailbox does not exist",
            "recipient does not exist", "user doesnt exist", "unrouteable address", "recipientnotfound",
            "recipnotfound", "resolver.adr.recipientnotfound", "recipient address rejected undeliverable address",
            "recipient address rejected access denied", "no such address", "invalid mailbox", "unknown address",
        ),
        verbs=("RCPT", "VRFY", "EXPN", "DATA", ".", "BDAT", "BDAT LAST"),
        statuses=frozenset({(1, 1)}),
    ),
    Rule(
        "message too large",
        "May be that the message is larger than the server takes.",
        "Compare it with SIZE in the EHLO reply, and send less.",
        (
            "message size exceeds", "message too big", "message too large", "message is too large", "size limit",
            "message exceeds", "databytes limit", "exceeds fixed limit", "exceeds maximum", "maximum message size",
            "message file too big", "too big for system",
        ),
        not_verbs=("AUTH",),
        statuses=frozenset({(3, 4), (2, 3)}),
    ),
    Rule(
        "disk full",
        "May be that the server's own disk is full.",
        "Try again in some hours: only the operator can make room.",
        (
            "insufficient system storage", "insufficient disk space", "not enough disk space", "disk full",
            "no space left", "insufficient system resources", "out of disk space", "space shortage",
        ),
        statuses=frozenset({(3, 1)}),
    ),
    Rule(
        "virus",
        "May be that a scanner found something harmful in the message.",
        "Look through its attachments, and send a link in their place.",
        ("virus", "viruses", "malware", "infected", "attachment type", "dangerous attachment", "executable"),
        verbs=("DATA", ".", "BDAT", "BDAT LAST"),
    ),
    Rule(
        "taken for spam",
        "May be that the message, or this client, was taken for spam.",
        "Send a plain, short message as a trial, and ask the postmaster there what was wrong.",
        (
            "spam", "unsolicited", "junk mail", "bulk mail", "spammy", "content restrictions",
            "message content rejected", "spam message rejected",
        ),
        not_verbs=("AUTH",),
    ),
    Rule(
        "spoke out of turn",
        "May be that the client sent more before the server had answered.",
        "Wait for each reply, or send several commands at once only where EHLO lists PIPELINING.",
        (
            "synchronization error", "command pipelining", "pipelining not allowed", "pipelining error",
            "spoke too early", "before its turn", "earlytalker", "pregreet",
        ),
    ),
    Rule(
        "bare line feeds",
        "May be that lines ended in LF alone, which some servers refuse as an attempt at smuggling.",
        "Send the content with lines that end in CR LF.",
        ("bare lf", "bare newline", "bare line feed", "bare linefeed", "bare <lf>", "smtplf.html"),
    ),
    Rule(
        "time limit",
        "May be that the server waited too long for the next line.",
        "Connect again, and send the commands without long pauses.",
        (
            "timeout exceeded", "idle timeout", "timeout waiting", "timed out waiting", "session timeout",
            "timeout no command", "connection timed out", "connection expired", "idle too long",
        ),
        severities=(4,),
    ),
    Rule(
        "server busy",
        "May be load or trouble at the server's own side.",
        "Wait some minutes, then send the same command again.",
        (
            "server busy", "server is busy", "too busy", "system load", "load average", "temporary local problem",
            "local problem", "local error", "temporary server error", "temporary system problem",
            "qq temporary problem", "resources temporarily unavailable", "service currently unavailable",
            "temporary failure", "temporary error", "internal error", "queue file write error",
            "server configuration problem",
        ),
        severities=(4,),
        not_verbs=("AUTH",),
    ),
)  # fmt: skip


def words_of(text: str) -> str:
    """The words of a text in lower case, a space around each; names with a dot inside stay one word.

    Addresses and links are left out: what stands in them was chosen by somebody else than the server.
    """
    words = [_bare(word) for word in text.casefold().split() if "@" not in word and "://" not in word]
    return f" {' '.join(word for word in words if word)} "


def _bare(word: str) -> str:
    """`(#5.7.1)` → `5.7.1`, `fully-qualified` → `fully qualified`, `isn't` → `isnt`."""
    word = word.replace("'", "").strip('"()[]{}.,;:!?#*=')
    if "." in word.strip("."):
        return word
    return " ".join(
        "".join(character if character.isalnum() or character in "<>" else " " for character in word).split()
    )


#: Each rule with its phrases as they are looked for.
_WORDED: Final = tuple((rule, tuple((phrase, words_of(phrase)) for phrase in rule.phrases)) for rule in RULES)


def hint(code: int, verb: str, lines: Sequence[str], status: tuple[int, int] | None = None) -> Hint | None:
    """What the text of a refusal may mean; None where nothing is recognised, and for 2xx and 3xx.

    Words come before a status out of its place: they are the server's own, and its numbers are often vague.

    Args:
        code: the reply code.
        verb: the verb it answers, as `reply_codes` knows them.
        lines: the text of each line; an enhanced status in front of it does no harm.
        status: subject and detail of the enhanced status; a hint that only repeats it is no hint.
    """
    if code < 400:
        return None
    text = words_of(" ".join(_told(line) for line in lines[:LINES])[:CHARACTERS])
    for rule, phrases in _WORDED:
        if _may_apply(rule, code, verb, status):
            for phrase, words in phrases:
                if words in text:
                    return Hint(rule.name, rule.meaning, rule.advice, phrase)
    return _by_status(code, lines) if status is None else None


def _told(line: str) -> str:
    """A line, no longer than is read, without the enhanced status that servers repeat in front of each."""
    line = line[:CHARACTERS]
    first, _, rest = line.partition(" ")
    return rest if first.replace(".", "").isdigit() else line


def _may_apply(rule: Rule, code: int, verb: str, status: tuple[int, int] | None) -> bool:
    fits = not rule.verbs or not verb or verb in rule.verbs
    return code // 100 in rule.severities and fits and verb not in rule.not_verbs and status not in rule.statuses


# -- a status out of its place -----------------------------------------------------------------------------------

#: `#5.7.1`, in brackets or not. Without the # it could be a version, so then it has to be in brackets and end the line.
_MARKED: Final = re.compile(r"[(\[]?#([45])\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})[)\].,;:]*")
_BRACKETED: Final = re.compile(r"[(\[]([45])\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})[)\]]\.?")


def misplaced_status(code: int, lines: Sequence[str]) -> tuple[int, int] | None:
    """Subject and detail of what looks like an enhanced status elsewhere than in front of the text, or None.

    Args:
        code: the reply code; a status of another class is none, and 2xx and 3xx are not looked at.
        lines: the text of each line.
    """
    for match in filter(None, _candidates(lines)):
        status = int(match[2]), int(match[3])
        if code // 100 == int(match[1]) and status in STATUSES and status != (0, 0):
            return status
    return None


def _candidates(lines: Sequence[str]) -> Iterator[re.Match[str] | None]:
    for line in lines[:LINES]:
        words = line[:CHARACTERS].split()
        yield from (_MARKED.fullmatch(word) for word in words if "#" in word[:2])
        yield _BRACKETED.fullmatch(words[-1]) if words else None


def _by_status(code: int, lines: Sequence[str]) -> Hint | None:
    status = misplaced_status(code, lines)
    if status is None or not reasons.names_a_fault(status):
        return None
    said = f"{code // 100}.{status[0]}.{status[1]}"
    meaning = STATUSES[status].meaning
    return Hint(
        "status out of its place",
        f"May be meant as the enhanced status {said}: {meaning[0].lower()}{meaning[1:]}",
        reasons.advice(code, status),
        said,
    )
