"""The exercises of notebook 03: what a stripper changed, a client that insists on TLS, 530 and then success."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise, NotAnswered
from smtpnb.exercises.judging import conditions, is_open, value
from smtpnb.exercises.running import Run, run, shown
from smtpnb.exercises.seen import begun, codes, exchanges
from smtpnb.sandbox import Fails, Sandbox, StripsStartTls

# -- the stripper ------------------------------------------------------------------------------------------------

_pair = value(
    ("STARTTLS", "XXXXXXXA"),
    [
        (("XXXXXXXA", "STARTTLS"), "The other way round: first what was lost, then what came in its place."),
        (("AUTH", "XXXXXXXA"), "AUTH is in both lists. What is only in the first one?"),
        (("STARTTLS", "AUTH"), "AUTH is in both lists. What is only in the second one?"),
        (("STARTTLS", ""), "Something stands in its place, of the same length."),
    ],
    "Look for the keyword that only one of the two lists has.",
)


def _stripper(lost: Any, gained: Any) -> str | None:
    words = [next(iter(word)) if isinstance(word, set | frozenset | list | tuple) and word else word
             for word in (lost, gained)]  # fmt: skip
    return _pair(tuple(word.upper() if isinstance(word, str) else word for word in words))


# -- a client that insists ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Server:
    """A server to meet, and what is right there.

    Attributes:
        what: the server in a few words.
        sandbox: makes it.
        secure: whether there can be TLS with it.
        hint: what to say to a client that takes it for the opposite.
    """

    what: str
    sandbox: Callable[[], Sandbox]
    secure: bool
    hint: str


_SERVERS: Final = (
    _Server("a good server", Sandbox, True, "With a good server TLS is possible: ehlo(), starttls(), ehlo() again."),
    _Server("a server behind a stripper", lambda: Sandbox(behaviours=[StripsStartTls()]), False,
            "STARTTLS was stripped and nothing is encrypted. Look at the reply of starttls(), or at client.secure."),
    _Server("a server that refuses STARTTLS",
            lambda: Sandbox(behaviours=[Fails(at="STARTTLS", reply="454 4.7.0 TLS not available")]), False,
            "STARTTLS is offered here and then refused with 454: only a 220 starts TLS. client.secure tells."),
    _Server("a server with an expired certificate", lambda: Sandbox(certificate="expired"), False,
            "The certificate is expired: do not switch the check off, and take the SmtpTlsError for a no."),
    _Server("a server with a certificate for another name", lambda: Sandbox(certificate="wrong-name"), False,
            "The certificate is for somebody else: do not switch the check off."),
)  # fmt: skip


def _must_be_secure(answer: Any) -> str | None:
    if not callable(answer):
        return f"must_be_secure should be a function; this is {shown(answer)}."
    for number, server in enumerate(_SERVERS):
        fault = _met(answer, server, first=number == 0)
        if fault:
            return fault
    return None


def _met(answer: Callable[..., Any], server: _Server, *, first: bool) -> str | None:
    """What the function does with one server, on a connection that was greeted."""
    with server.sandbox() as sandbox:
        client = sandbox.client(timeout=20.0)  # these servers all answer: only a busy machine makes one wait
        client.connect()
        try:
            ran = run(answer, client)
            if first and not ran.trouble and is_open(ran.value) and not client.capabilities:
                raise NotAnswered
            return _insecure(ran, client, server)
        finally:
            client.disconnect()


def _insecure(ran: Run, client: Any, server: _Server) -> str | None:
    met = f"With {server.what}: "
    if ran.trouble.startswith("raised Smtp"):
        return f"{met}it {ran.trouble}. Catch SmtpError and return False." if not server.secure else met + server.hint
    if ran.trouble:
        return f"{met}it {ran.trouble}."
    if not isinstance(ran.value, bool):
        return f"{met}it returned {shown(ran.value)}; wanted is True or False."
    if ran.value is not server.secure or client.secure is not server.secure:
        return met + server.hint
    if server.secure and not client.capabilities:
        return f"{met}TLS is on, and the client does not know yet what is offered there: say ehlo() again."
    return None


# -- 530 ---------------------------------------------------------------------------------------------------------


def _answered(answer: Any, code: int, *, secure: bool) -> list[str]:
    """The verbs that got this code."""
    found = [e for e in exchanges(answer) if e.reply is not None and e.reply.code == code and e.secure is secure]
    return [(exchange.command or "").split(" ")[0] for exchange in found]


_success = conditions(
    (begun, "Nothing was said yet in this session."),
    (lambda answer: bool(_answered(answer, 530, secure=False)),
     "No 530 was met yet: say EHLO, then MAIL without STARTTLS, to a server with require_tls=True."),
    (lambda answer: 220 in codes(answer, "STARTTLS"), "The 530 is there. Its card says what is missing: STARTTLS."),
    (lambda answer: bool(set(_answered(answer, 530, secure=False)) & set(_answered(answer, 250, secure=True))),
     "TLS is on. Now repeat the very command that was refused: it has to be accepted inside TLS."),
)  # fmt: skip

EXERCISES: Final = (
    Exercise(
        "stripper",
        "03",
        "Which keyword did the stripper take away, and what stands in its place?",
        ("lost", "gained"),
        (
            "client.capabilities is a mapping. Its keys are the keywords, and keys() of two mappings can be subtracted.",
            "set(honest.capabilities) - set(stripped.capabilities) is what is lost.",
            "lost is STARTTLS, and gained is a word of eight letters that begins with XXX.",
        ),
        _stripper,
        "A word of the same length: the packet keeps its size. The client believes that this server has no TLS.",
    ),
    Exercise(
        "must_be_secure",
        "03",
        "Write must_be_secure(client) for a client that is connected and greeted: True once TLS is on and EHLO was "
        "said again, False where no TLS that can be trusted came about.",
        ("must_be_secure",),
        (
            "Four steps: ehlo, starttls, see whether it worked, ehlo. Any server may fail at the second one.",
            "A refusal is a reply (client.secure stays False); a bad certificate is an SmtpTlsError, which is an SmtpError.",
            "In a try: client.ehlo(), client.starttls(), and client.ehlo() again if client.secure. except SmtpError: return False. In the end return client.secure.",
        ),
        _must_be_secure,
        "It met five servers and trusted only one: the stripper, the refusal and both bad certificates ended in False.",
    ),
    Exercise(
        "then_success",
        "03",
        "Make a server with require_tls=True answer 530, and then accept the same command.",
        ("mine",),
        (
            "Most commands are refused there in the clear. EHLO, NOOP, STARTTLS and QUIT are not (RFC 3207 §4).",
            "Say EHLO; mine.mail(…) is 530. Then change over to TLS, say EHLO again, and try the same once more.",
            'mine.ehlo(); mine.mail("alice@example.org"); mine.starttls(); mine.ehlo(); mine.mail("alice@example.org")',
        ),
        _success,
        "530 names its cure: first STARTTLS, then the same again.",
    ),
)
