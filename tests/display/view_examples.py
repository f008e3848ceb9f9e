"""Values for the tests of the views, made without a server, a clock or a certificate authority."""

from dataclasses import replace

from explore_examples import EXPLORED

from smtpnb.delivery import Delivery
from smtpnb.errors import SmtpConnectError, SmtpReplyError
from smtpnb.exercises.exercise import Verdict
from smtpnb.panel.letter import Draft
from smtpnb.panel.model import Captured, Legend, Notice, Offers
from smtpnb.protocol.anatomy import explain_command
from smtpnb.protocol.capabilities import Capabilities, CapabilityHistory
from smtpnb.protocol.conversation import CLOSED, GREETED, Conversation, Stage
from smtpnb.protocol.plain_lesson import explain_plain
from smtpnb.protocol.reply import SmtpReply
from smtpnb.protocol.transparency import explain_content
from smtpnb.sandbox.description import SandboxDescription
from smtpnb.sandbox.mailbox import CapturedMessage
from smtpnb.sandbox.record import Heard, SessionRecord
from smtpnb.sandbox.stripper import Change
from smtpnb.session import Certificate, SessionSnapshot, TlsInfo
from smtpnb.transcript import Exchange, Remark, Transcript

EHLO_LINES = ("SIZE 33554432", "8BITMIME", "SMTPUTF8", "STARTTLS", "VRFY", "HELP")


def reply(
    raw: bytes, command: str | None = None, *, secure: bool = False, conversation: Conversation | None = None
) -> SmtpReply:
    """A reply as the client would have made it."""
    parsed = SmtpReply.parse(raw)
    return SmtpReply(parsed.code, parsed.lines, raw, 0.0019, command, secure, conversation)


def lines(code: int, *texts: str) -> bytes:
    """A whole reply on the wire; what is no line of a reply is made one by leaving out its line ends."""
    octets = [text.encode("utf-8", "surrogatepass").replace(b"\n", b"").replace(b"\r", b"") for text in texts]
    return b"".join(
        b"%d%s%s\r\n" % (code, b" " if position == len(octets) - 1 else b"-", text)
        for position, text in enumerate(octets)
    )


GREETING = reply(b"220 sandbox.example ESMTP\r\n", conversation=CLOSED)
EHLO = reply(lines(250, "sandbox.example greets you", *EHLO_LINES), "EHLO notebook.example", conversation=GREETED)
SENDER = Conversation(Stage.SENDER, secure=True, greeted_with="EHLO", reverse_path="alice@example.org")
RECIPIENTS = Conversation(
    Stage.RECIPIENTS, True, True, "EHLO", "alice@example.org", ("bob@example.org", "carol@example.org"), 2
)
NO_SUCH_USER = reply(
    b"550-5.1.1 No such user\r\n550 5.1.1 Ask postmaster@example.org\r\n",
    "RCPT TO:<nobody@example.org>",
    secure=True,
    conversation=SENDER,
)
GREYLISTED = reply(
    b"450 4.2.0 <bob@example.org>: Recipient address rejected: Greylisted\r\n",
    "RCPT TO:<bob@example.org>",
    secure=True,
    conversation=SENDER,
)
ERROR = SmtpConnectError(
    "nothing listens at mail.example.org port 25",
    cause="Many networks let no mail out through port 25.",
    advice=("Try the submission port 587.", "Ask whoever runs the network."),
)
REPLY_ERROR = SmtpReplyError(NO_SUCH_USER)

CONTENT = b"Subject: hello\r\n\r\nHello Bob\r\n..and a dot\r\n.\r\n"
IN_TLS = Capabilities(("SIZE 33554432", "8BITMIME", "SMTPUTF8", "AUTH PLAIN LOGIN", "VRFY", "HELP"), secure=True)
IN_CLEAR = Capabilities(EHLO_LINES)


def exchange(
    command: str | None, raw: bytes | None, state: str, *, secure: bool = False, content: bytes = b"", unkept: int = 0
) -> Exchange:
    """An exchange as the client would have recorded it."""
    answer = None if raw is None else reply(raw, command, secure=secure)
    return Exchange(0.0, command, answer, secure, state, content, len(content) + unkept)


TRANSCRIPT = Transcript(
    (
        exchange(None, GREETING.raw, "greeted"),
        exchange("EHLO notebook.example", EHLO.raw, "ready"),
        exchange("STARTTLS", b"220 2.0.0 Ready to start TLS\r\n", "ready"),
        Remark(
            0.0, "TLS handshake: TLSv1.3, TLS_AES_256_GCM_SHA384, certificate verified for sandbox.example", secure=True
        ),
        exchange("EHLO notebook.example", lines(250, "sandbox.example", *IN_TLS.lines), "ready", secure=True),
        exchange("AUTH PLAIN ⟨hidden⟩", b"235 2.7.0 Welcome\r\n", "ready", secure=True),
        exchange("MAIL FROM:<alice@example.org>", b"250 2.1.0 Sender OK\r\n", "has a sender", secure=True),
        exchange("RCPT TO:<nobody@example.org>", NO_SUCH_USER.raw, "has a sender", secure=True),
        exchange("RCPT TO:<bob@example.org>", b"250 2.1.5 Recipient OK\r\n", "has recipients", secure=True),
        exchange("DATA", b"354 Go on\r\n", "taking content", secure=True),
        exchange(".", b"250 2.0.0 Queued as 1\r\n", "ready", secure=True, content=CONTENT, unkept=1000),
        exchange(None, b"451 4.3.0 Out of the blue\r\n", "ready", secure=True),
        exchange("BDAT 5 LAST", None, "ready", secure=True, content=b"Hello"),
        Remark(0.0, "the connection was reset", secure=True, unexpected=True),
    )
)

#: It cannot be read, so it is the same in each run; the tests of the TLS card make good ones.
BAD_CERTIFICATE = Certificate(b"no certificate")
TLS_INFO = TlsInfo("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, verified=True, server_name="sandbox.example")
UNVERIFIED = TlsInfo("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", 128, False, "mail.example.org", (BAD_CERTIFICATE,))
SNAPSHOT = SessionSnapshot(
    "sandbox.example",
    2525,
    ("127.0.0.1", 49152),
    True,
    True,
    RECIPIENTS,
    IN_TLS,
    (IN_CLEAR, IN_TLS),
    TLS_INFO,
    TRANSCRIPT,
)

ANATOMY = explain_command("RCPT TO:<bob@example.org> NOTIFY=NEVER")
STUFFING = explain_content("Subject: dots\r\n\r\n.NET is spelt with a dot\n.\r\nno line end")
LESSON = explain_plain("alice@example.org", "wonderland ä")
EXPANDED = reply(
    lines(250, "2.1.5 Alice Liddell <alice@example.org>", "<bob@example.org>", "carol@example.org"), "EXPN staff"
)
DELIVERY = Delivery(
    "alice@example.org",
    ("bob@example.org",),
    {"nobody@example.org": NO_SUCH_USER},
    reply(b"250 2.0.0 Ok: queued as 4F2A\r\n", ".", secure=True, conversation=RECIPIENTS),
    ("SIZE=120",),
    ("bob@example.org", "nobody@example.org"),
)
HEADER = (
    b"From: Alice <alice@example.com>\r\nTo: bob@example.org\r\nReturn-Path: <x@example.net>\r\n"
    b"Subject: hello\r\n\r\nHello Bob\r\n"
)
MESSAGE = CapturedMessage(
    "bounces@lists.example", ("bob@example.org", "dave@example.org"), HEADER, b"", secure=True, number=1
)
STRIPPED = Transcript(
    (
        exchange(None, GREETING.raw, "greeted"),
        exchange("EHLO notebook.example", lines(250, "sandbox.example greets you", *EHLO_LINES[:3]), "ready"),
        exchange("MAIL FROM:<alice@example.org>", b"250 2.1.0 Sender OK\r\n", "has a sender"),
        exchange("QUIT", b"221 2.0.0 Bye\r\n", "closed"),
    )
)


def lap(command: str | None, at: float, sending: float, waiting: float, *, pipelined: bool = False) -> Exchange:
    """An exchange with times, in milliseconds."""
    answer = replace(reply(b"250 OK\r\n", command), elapsed=(sending + waiting) / 1000)
    return Exchange(at / 1000, command, answer, False, "ready", wait=waiting / 1000, pipelined=pipelined)


ONE_BY_ONE = Transcript(
    (
        lap(None, 0, 0, 20.25),
        lap("MAIL FROM:<a@example.org>", 21, 0.1, 20),
        lap("RCPT TO:<b@example.org>", 42, 0.1, 20),
        lap("DATA", 63, 0.1, 20),
        lap(".", 84, 12, 25),
    )
)
TOGETHER = Transcript(
    (
        lap(None, 0, 0, 20.25),
        lap("MAIL FROM:<a@example.org>", 21, 0.2, 20),
        lap("RCPT TO:<b@example.org>", 21, 0.2, 20.5, pipelined=True),
        lap("DATA", 21, 0.2, 21, pipelined=True),
        lap(".", 43, 12, 25),
    )
)

#: Name of the snapshot file → the value it shows.
VERDICT = Verdict(
    "classify",
    "not quite",
    "250 is a success.",
    "Name the class of a code.",
    ("Look at the first digit.", "Divide by 100."),
)
RECORD = SessionRecord(
    1, (Heard("", "220 sandbox.example\r\n"), Heard("EHLO me", "250-sandbox.example\r\n250 HELP\r\n", secure=True)),
    secure=True, authenticated_as="alice", messages=(1,), open=True,
)  # fmt: skip
SANDBOX = SandboxDescription(
    "sandbox.example", ("alice",), ("alice@example.org",), (("staff@example.org", "alice@example.org"),), offers=("SIZE 1000", "HELP"),
    options=("greylists for 300 s",), messages=(MESSAGE,), sessions=(RECORD,),
)  # fmt: skip
DRAFT = Draft(
    "alice@example.org", (("bob@example.org", "To"), ("carol@example.org", "Bcc")), (("From", "alice@example.org"), ("To", "bob@example.org"), ("Subject", "hello")),
    (("notes.txt", 12),),
)  # fmt: skip

EXAMPLES = {
    "reply_card": EHLO,
    "reply_card_refused": NO_SUCH_USER,
    "reply_card_hint": GREYLISTED,
    "explanation": NO_SUCH_USER.explain(),
    "error_card": ERROR,
    "error_card_reply": REPLY_ERROR,
    "ladder": TRANSCRIPT,
    "capability_card": IN_CLEAR,
    "state_view": RECIPIENTS,
    "tls_card": UNVERIFIED,
    "snapshot_card": SNAPSHOT,
    "capability_history": CapabilityHistory((IN_CLEAR, IN_TLS)),
    "ladder_filtered": TRANSCRIPT.show("refused", timing=True),
    "bytes_command": ANATOMY,
    "bytes_reply": NO_SUCH_USER.bytes(),
    "content_view": STUFFING,
    "plain_view": LESSON,
    "members_view": EXPANDED.members,
    "delivery_card": DELIVERY,
    "envelope_card": MESSAGE.envelope_view(),
    "message_card": MESSAGE,
    "diff_view": TRANSCRIPT.diff(STRIPPED, ("direct", "through a stripper")),
    "verdict_card": VERDICT,
    "sandbox_card": SANDBOX,
    "session_record_card": RECORD,
    "change_card": Change(
        1,
        "EHLO",
        b"250-mx.example\r\n250-SIZE 9\r\n250 STARTTLS\r\n",
        b"250-mx.example\r\n250-SIZE 9\r\n250 XXXXXXXA\r\n",
    ),
    "panel_notice": Notice("bad", "mail.example refused the connection", ("check the port",)),
    "panel_legend": Legend(),
    "panel_offers": Offers((IN_CLEAR, IN_TLS)),
    "panel_draft": DRAFT,
    "panel_captured": Captured((MESSAGE,)),
    **EXPLORED,
    "timing_view": ONE_BY_ONE.timing(TOGETHER, labels=("one by one", "pipelined")),
}

#: What a server, or a person who pastes, might say to break a view.
HOSTILE = (
    "<script>alert(1)</script>", "</code></bdi></div><h1>owned</h1>", "<img src=x onerror=alert(1)>",
    "<!-- comment -->", "--><script>alert(1)</script>", "<style>*{display:none}</style>", "<svg/onload=alert(1)>",
    "<a href=javascript:x>y</a>", "<iframe src='data:text/html,<script>1</script>'>", '" onmouseover="alert(1)',
    "' style='position:fixed", "&lt;b&gt;", "&#60;b&#62; &amp;amp;", "]]>", "<![CDATA[x]]>", "<?php echo 1 ?>",
    "${7*7} {{7*7}} <%= 7*7 %>", "javascript:alert(1)", "url(javascript:alert(1)) expression(alert(1))",
    "$x^2$ and $$y$$", r"\(x\) \[y\] \begin{align}z\end{align}", "`code` **bold** [link](javascript:x)",
    "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07", "</textarea></title></xmp></noscript><b>out</b>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<base href=//evil.example>",
    "<details open ontoggle=alert(1)>", "<meta http-equiv=refresh content=0>", "<link rel=stylesheet href=//evil.example>",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07", "\x9b31m\x90q\x9c", "\u202egnp.exe\u202c",
    "\u2066isolate\u2069\u200e\u200f\u061c", "zero\u200bwidth\u200c\u200d\ufeff\u2060", "\x00NUL\x00",
    "tab\tand\x0b\x0c\x85", "\u2028line\u2029paragraph", "\ud800\udfff lone", "\udcff\udc80 octets",
    "\U000e0041\U000e007f tags", "e\u0301" * 50, "\uff1cscript\uff1e", "\U0001f4a9" * 20, "\ufdfd\u0600\u06dd",
    "a" * 5000, "<" * 3000, "\u202e" * 3000, "", " ", "x" * 1_500_000,
)  # fmt: skip
