"""The exercises of notebook 07: what to do after a reply, and a message delivered to servers that make it wait."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from smtpnb.exercises.exercise import Exercise, NotAnswered
from smtpnb.exercises.judging import Case, function, is_open
from smtpnb.exercises.running import Run, run, shown
from smtpnb.protocol.reply import SmtpReply
from smtpnb.sandbox import Fails, HangsUp, Sandbox

# -- what to do next ---------------------------------------------------------------------------------------------

_WORDS: Final = {2: "go on", 3: "go on", 4: "retry", 5: "give up"}

_REPLIES: Final = {
    "250 2.1.5 Recipient accepted": "",
    "451 4.7.1 Greylisted, try again in 300 seconds": "",
    "550 5.1.1 No such user here": "",
    "421 4.3.2 Closing, too busy": "421 closes the connection: whoever asks again needs a new one.",
    "354 Send the content": "",
    "452 4.2.2 Mailbox full": "",
    "235 2.7.0 Authentication successful": "",
    "550 Please try again later": "Words are for people. The code says that trying again is of no use.",
    "450 never heard of you": "Words are for people. The code says that it may work later.",
    "421 mail.example.org Service not available": "421 closes the connection: whoever asks again needs a new one.",
    "554 5.7.1 Spam": "",
    "471 no such code": "Nobody has defined 471. Its first digit is enough.",
}


def _next(reply: SmtpReply, *, by_421: str = "reconnect", words: Mapping[int, str] = _WORDS) -> str:
    return by_421 if reply.code == 421 else words[reply.code // 100]


_next_action = function(
    "next_action",
    [
        Case((SmtpReply.parse(f"{raw}\r\n"),), _next(SmtpReply.parse(f"{raw}\r\n")), because)
        for raw, because in _REPLIES.items()
    ],
    [
        (lambda reply: _next(reply, by_421="retry"),
         "Nearly: behind a 421 the server closes the connection, so the next try needs a new one: 'reconnect'."),
        (lambda reply: _next(reply, by_421="give up"),
         "421 is a 4xx: not now. The connection is gone, the message is not lost: 'reconnect'."),
        (lambda reply: "go on" if reply.success else "give up",
         "4xx is not a failure: the same message may be taken later, so it is 'retry'. And 421 is 'reconnect'."),
        (lambda reply: _next(reply, words={**_WORDS, 4: "give up"}), "4xx is not a failure: the same message may be taken later."),
        (lambda reply: _next(reply, words={**_WORDS, 3: "retry"}), "3xx is no refusal: the server waits for the rest, so 'go on'."),
        (lambda reply: _next(reply, words={**_WORDS, 5: "retry"}), "5xx is for good: asking again only costs both sides time."),
        (lambda reply: _next(reply, words={2: "go on", 3: "go on", 4: "give up", 5: "retry"}),
         "4 and 5 are the other way round: 4 is for now, 5 is for good."),
        (lambda reply: "reconnect" if reply.code // 100 == 4 else _WORDS[reply.code // 100],
         "Only 421 closes the connection. After another 4xx the session goes on: 'retry'."),
        (lambda reply: {2: "go on", 4: "retry", 5: "give up"}[reply.enhanced_status.class_],
         "Not every reply has an enhanced status code, and then it is None. The reply code is always there."),
    ],
)  # fmt: skip

# -- deliver -----------------------------------------------------------------------------------------------------

#: How often a message may be tried here; a real queue tries for days (RFC 5321 §4.5.4.1).
TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class _Server:
    """A server to deliver to, and what is right there.

    Attributes:
        what: the server in a few words.
        delivered: whether it takes the message in the end.
        hint: what to say to who takes it for the opposite.
        once: whether it must not be asked a second time.
        options: make it.
    """

    what: str
    delivered: bool
    hint: str
    once: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


_SERVERS: Final = (
    _Server("a server that takes it at once", True, "send_mail(…) is all. If delivery.accepted is not empty, return True.",
            once=True),
    _Server("a greylisting server", True,
            "451 means: not now. Call wait(seconds), at least as long as the server asks for, and send it again.",
            options={"greylisting": 300}),
    _Server("a server without that mailbox", False, "550 is for good: return False, and do not ask again.",
            once=True, options={"mailboxes": ["alice"], "lists": {}}),
    _Server("a server whose disk is full for days", False,
            "After three tries, return False.", options={"behaviours": [Fails(at="RCPT", reply="452 4.3.1 Disk full")]}),
    _Server("a server that refuses what it has read", False, "554 behind the content is for good, too.",
            once=True, options={"behaviours": [Fails(at="CONTENT", reply="554 5.7.1 Spam")]}),
    _Server("a server that greets with 421 once", True,
            "421 closes the connection: connect() again before the next try.",
            options={"behaviours": [Fails(at="CONNECT", reply="421 4.3.2 Too busy", session=1)]}),
    _Server("a server that hangs up in the middle once", True,
            "A connection that breaks is no refusal. Catch SmtpError, wait, connect() and send it again.",
            options={"behaviours": [HangsUp(at="RCPT", session=1)]}),
)  # fmt: skip


def _deliver(answer: Any) -> str | None:
    if not callable(answer):
        return f"deliver should be a function; this is {shown(answer)}."
    return next(filter(None, (_met(answer, server) for server in _SERVERS)), None)


def _met(answer: Callable[..., Any], server: _Server) -> str | None:
    """What the function does with one server, the waiting virtual."""
    with Sandbox(in_memory=True, **server.options) as sandbox:
        client = sandbox.client(timeout=5.0)
        ran = run(answer, client, sandbox.clock.advance)
        client.disconnect()
        if server is _SERVERS[0] and not ran.trouble and is_open(ran.value) and not sandbox.sessions:
            raise NotAnswered
        fault = _undelivered(ran, sandbox, server)
        return fault and f"With {server.what}: {fault}"


def _undelivered(ran: Run, sandbox: Sandbox, server: _Server) -> str | None:
    if ran.trouble:
        because = f". {server.hint}" if ran.trouble.startswith("raised Smtp") else ""
        return f"it {ran.trouble}{because}"
    if not isinstance(ran.value, bool):
        return f"it returned {shown(ran.value)}; wanted is True or False."
    if len(sandbox.messages) > 1:
        return f"bob got the message {len(sandbox.messages)} times. Return as soon as it was taken."
    return _impatient(ran, sandbox, server)


def _impatient(ran: Run, sandbox: Sandbox, server: _Server) -> str | None:
    tries = _tries(sandbox)
    if tries > TRIES or (server.once and tries > 1):
        return f"it tried {tries} times. {server.hint if server.once else f'{TRIES} tries are enough.'}"
    if tries > 1 and not sandbox.clock.now:
        return "it tried again at once. Call wait(seconds) between two tries (RFC 5321 §4.5.4.1)."
    if ran.value is not server.delivered or ran.value is not bool(sandbox.messages):
        return server.hint
    if not (server.delivered or server.once) and tries < TRIES:
        return f"it gave up after {tries}. 452 means: not now. Try it {TRIES} times."
    return None


def _tries(sandbox: Sandbox) -> int:
    """How often MAIL was said; a session that never came so far is a try, too."""
    return sum(max(1, sum(heard.command.startswith("MAIL") for heard in s.exchanges)) for s in sandbox.sessions)


EXERCISES: Final = (
    Exercise(
        "next_action",
        "07",
        'Write next_action(reply): "go on", "retry" (later, the same again), "reconnect" (later, over a new connection) or '
        '"give up".',
        ("next_action",),
        (
            "The first digit decides, but for one code, behind which the server closes the connection.",
            "2 and 3 are 'go on', 4 is 'retry', 5 is 'give up'. The one code is 421.",
            'if reply.code == 421: return "reconnect"; then {2: "go on", 3: "go on", 4: "retry", 5: "give up"}[reply.code // 100].',
        ),
        _next_action,
        "Twelve replies, one of them made up, and the first digit was enough for all but 421.",
    ),
    Exercise(
        "deliver",
        "07",
        "Write deliver(client, wait), which sends a message from alice to bob in at most three tries: True if it was taken, "
        "else False. The client is not connected yet; wait(seconds) lets time pass.",
        ("deliver",),
        (
            "A loop of three tries. In each: connect if need be, send, look. What is there to look at after a send_mail?",
            "delivery.success is taken; delivery.reply.severity == 5 is for good: return at once. Else wait(1800), and again. A broken connection raises SmtpError: treat it as a 4xx.",
            'for _ in range(3): try: connect unless client.connected; delivery = client.send_mail("alice@example.org", ["bob@example.org"], text); if delivery.success or delivery.reply.severity == 5: return delivery.success. except SmtpError: pass. Then wait(1800). Behind the loop: return False.',
        ),
        _deliver,
        "Seven servers, and each got what it needed: patience, a new connection, or peace.",
    ),
)  # fmt: skip
