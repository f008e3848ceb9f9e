"""The next step: the knowledge's advice, the order of commands, or the usual way on."""

import pytest

from smtpnb.protocol.conversation import CLOSED, GREETED, Conversation, Stage
from smtpnb.protocol.next_step import next_steps
from smtpnb.protocol.reply import SmtpReply

READY = Conversation(Stage.READY, greeted_with="EHLO")
SENDER = Conversation(Stage.SENDER, greeted_with="EHLO", reverse_path="a@b.example")
RECIPIENTS = Conversation(Stage.RECIPIENTS, greeted_with="EHLO", reverse_path="a@b.example", recipients=1)
IN_TLS = Conversation(Stage.READY, secure=True, greeted_with="EHLO")
LOGGED_IN = Conversation(Stage.READY, secure=True, authenticated=True, greeted_with="EHLO")
AFTER_HELO = Conversation(Stage.READY, greeted_with="HELO")
CHUNKS = Conversation(Stage.RECIPIENTS, greeted_with="EHLO", reverse_path="a@b.example", recipients=1, chunks=1)


def steps(code: int, text: str, command: str | None, before: Conversation | None = None) -> str:
    return " | ".join(next_steps(SmtpReply(code, (text,), b"", command=command, conversation=before)))


@pytest.mark.parametrize(
    ("command", "before", "here", "expected"),
    [
        ("MAIL FROM:<a@b.example>", GREETED, "EHLO (or HELO) first", "Expected here: EHLO, HELO,"),
        ("RCPT TO:<a@b.example>", READY, "MAIL first", "Expected here: STARTTLS, AUTH, MAIL,"),
        ("DATA", SENDER, "RCPT first", "Expected here: RCPT,"),
        ("MAIL FROM:<c@d.example>", RECIPIENTS, "RSET (or the end of data) first", "Expected here: RCPT, DATA, BDAT,"),
        ("AUTH PLAIN ⟨hidden⟩", SENDER, "RSET (or the end of data) first", "Expected here: RCPT,"),
        ("AUTH LOGIN", LOGGED_IN, "AUTH succeeded already", "Expected here: MAIL,"),
        ("STARTTLS", IN_TLS, "TLS is on already", "Expected here: AUTH, MAIL,"),
        ("DATA", CHUNKS, "the rest by BDAT", "Expected here: RCPT, BDAT,"),
        ("BDAT 5 LAST", READY, "MAIL first", "Expected here: STARTTLS, AUTH, MAIL,"),
        ("XYZZY", READY, "XYZZY is no verb of the standard", "Expected here: STARTTLS, AUTH, MAIL,"),
    ],
)  # fmt: skip
def test_503_says_what_was_expected_here(command: str, before: Conversation, here: str, expected: str) -> None:
    said = steps(503, "5.5.1 no", command, before)
    assert said.startswith(f"Here: {here}")
    assert expected in said
    assert "such as RSET" in said


@pytest.mark.parametrize(
    ("command", "before"), [("EHLO a.example", READY), ("MAIL FROM:<a@b.example>", READY), ("VRFY bob", READY)]
)
def test_503_where_the_standard_expects_the_command_blames_the_server_s_own_view(
    command: str, before: Conversation
) -> None:
    said = steps(503, "5.5.1 no", command, before)
    assert said.startswith(f"By the order of the standard {command.split(maxsplit=1)[0]} fits here")
    assert " | " in said  # the code's advice follows


def test_503_without_a_conversation_has_the_code_s_advice() -> None:
    assert steps(503, "no", "RCPT TO:<a@b.example>") == "Send MAIL FROM:<…> first."


def test_503_while_a_sasl_response_is_awaited() -> None:
    before = Conversation(Stage.AUTH, greeted_with="EHLO")
    assert steps(503, "no", "⟨hidden⟩", before) == "Log in once per session, after EHLO and before MAIL."


def test_503_on_a_closed_connection_expects_nothing() -> None:
    assert steps(503, "no", "NOOP", CLOSED) == "Here: connect first: there is no connection."


@pytest.mark.parametrize("before", [GREETED, AFTER_HELO], ids=["nothing", "HELO"])
@pytest.mark.parametrize("command", ["AUTH PLAIN ⟨hidden⟩", "AUTH LOGIN", "STARTTLS", "BDAT 5 LAST"])
def test_503_to_an_extension_s_verb_asks_for_ehlo_and_never_for_helo(command: str, before: Conversation) -> None:
    said = steps(503, "5.5.1 no", command, before)
    assert said.startswith(f"Here: EHLO first: {command.split(maxsplit=1)[0]} is an extension")
    assert "Expected here: EHLO," in said
    assert "HELO, " not in said.replace("EHLO, ", "")
    assert "(or HELO)" not in said


def test_530_inside_tls_can_only_mean_the_login() -> None:
    assert "a login is what is missing" in steps(530, "5.7.0 x", "MAIL FROM:<a@b.example>", IN_TLS)
    for before in (None, READY, LOGGED_IN):
        assert "STARTTLS" in steps(530, "5.7.0 x", "MAIL FROM:<a@b.example>", before)


@pytest.mark.parametrize(
    ("code", "text", "command", "words"),
    [
        (550, "5.1.2 x", "RCPT TO:<a@b>", "Check the domain behind the @"),  # the status knows more than the code
        (554, "5.7.26 x", ".", "SPF and DKIM"),
        (450, "4.2.2 x", "RCPT TO:<a@b>", "try this one again in some hours"),  # a lesson of its own knows more still
        (550, "5.7.0 x", "RCPT TO:<a@b>", "If the domain is this server's own"),  # a vague status does not
        (501, "5.5.4 x", "MAIL FROM:<a", "angle brackets"),
        (550, "4.1.2 x", "RCPT TO:<a@b>", "If the domain is this server's own"),  # nor one that contradicts the code
        (550, "5.9.9 x", "RCPT TO:<a@b>", "If the domain is this server's own"),  # nor an unknown one
        (250, "2.1.5 x", "RCPT TO:<a@b>", ""),
    ],
)  # fmt: skip
def test_the_advice_is_that_of_the_finest_source(code: int, text: str, command: str, words: str) -> None:
    said = steps(code, text, command)
    assert words in said if words else not said


@pytest.mark.parametrize("code", [code for code in range(400, 600) if code != 453])
def test_every_refusal_says_what_to_try(code: int) -> None:
    for command in (
        None,
        "EHLO a",
        "MAIL FROM:<a>",
        "RCPT TO:<a>",
        "DATA",
        ".",
        "BDAT 1 LAST",
        "VRFY a",
        "AUTH PLAIN",
        "⟨hidden⟩",
    ):
        for before in (None, GREETED, READY, RECIPIENTS):
            assert steps(code, "x", command, before)


# -- what an EHLO reply suggests ---------------------------------------------------------------------------------


def offered(*keywords: str, secure: bool = False, before: Conversation = GREETED) -> str:
    """What is advised after an EHLO reply with these keywords."""
    lines = ("mx.example", *keywords)
    raw = b"".join(b"250-%s\r\n" % line.encode() for line in lines)
    (step,) = next_steps(SmtpReply(250, lines, raw, command="EHLO a", secure=secure, conversation=before))
    return step


@pytest.mark.parametrize("order", [("STARTTLS", "AUTH PLAIN LOGIN"), ("AUTH PLAIN LOGIN", "starttls")])
def test_tls_comes_before_a_login_where_it_is_offered(order: tuple[str, ...]) -> None:
    assert offered(*order).startswith("STARTTLS is on offer")
    assert "before you log in" in offered(*order)
    assert offered("STARTTLS").startswith("STARTTLS is on offer")


@pytest.mark.parametrize("keyword", ["AUTH PLAIN LOGIN", "auth CRAM-MD5", "AUTH=LOGIN PLAIN"])
def test_a_login_in_the_clear_is_never_advised_without_a_warning(keyword: str) -> None:
    said = offered("SIZE", keyword)
    assert "TLS is neither on nor offered" in said
    assert "everyone on the way could read" in said


def test_a_login_inside_tls_is_advised_once() -> None:
    assert (
        offered("AUTH PLAIN", secure=True, before=IN_TLS)
        == "AUTH is on offer: log in, or open a mail transaction with MAIL."
    )
    for done in (LOGGED_IN, Conversation(Stage.READY, authenticated=True, greeted_with="EHLO")):
        assert offered("AUTH PLAIN", secure=done.secure, before=done).startswith("Open a mail transaction")
    assert offered("SIZE 1").startswith("Open a mail transaction")
