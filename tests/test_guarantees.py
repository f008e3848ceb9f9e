"""The nineteen guarantees against hostile servers, bad input and careless saving: which tests keep which.

`guards.py` is the proof that the tests can fail: it takes each guard out of a copy of the package and runs them.
"""

from __future__ import annotations

import _thread
import ast
import contextlib
import os
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import trustme
from leaks import forms, surfaces
from scripted import SESSIONS, Script, ScriptedServer, playing, session_names

from smtpnb import SmtpClient, SmtpDisconnected, SmtpError, SmtpProtocolError, SmtpTimeout
from smtpnb.protocol.limits import MAX_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TESTS: Final = Path(__file__).parent

#: Guarantee → what keeps it: modules of tests, and the tests in them.
GUARANTEES: Final[dict[int, dict[str, str]]] = {
    # -- time and memory
    1: {  # every call ends by its deadline, counted for the whole of it
        "test_safety.py": "test_greeting_is_complete_or_an_error_within_the_deadline "
        "test_reply_is_complete_or_an_error_within_the_deadline test_upload_that_breaks_is_never_a_success "
        "test_handshake_that_stalls_ends_at_the_deadline",
        "test_guarantees.py": "test_01_quit_that_stalls_ends_by_the_deadline test_01_upload_of_slow_content_ends_by_the_deadline",
        "test_wire.py": "test_slow_content_ends_by_the_deadline",
        "transport/test_tls.py": "test_implicit_handshake_that_fails_is_our_error_by_the_deadline test_drip_inside_tls_ends_by_the_deadline test_record_of_tls_that_drips_ends_by_the_deadline",
        "transport/test_connecting.py": "test_silence_everywhere_ends_by_the_one_deadline test_resolver_that_hangs_is_left_by_the_deadline",
    },
    2: {  # line and reply are bounded; the cost is linear
        "protocol/test_reader.py": "test_line_without_end_is_an_error_before_its_end test_reply_without_end_is_an_error_by_its_size_and_by_its_lines "
        "test_cost_of_a_large_reply_is_linear_however_it_drips test_cost_of_many_short_lines_is_linear",
        "protocol/test_capabilities.py": "test_cost_is_linear",
        "protocol/test_redaction.py": "test_cost_is_linear_where_a_server_repeats_the_secret",
        "test_guarantees.py": "test_02_line_without_end_is_an_error",
    },
    # -- replies
    3: {  # a reply is complete, or an error
        "test_wire.py": "test_end_in_the_middle_of_a_reply_is_no_reply",
        "test_safety.py": "test_reply_is_complete_or_an_error_within_the_deadline",
        "transport/test_tls.py": "test_end_inside_a_reply_is_no_reply test_fin_without_close_notify_is_no_proper_end",
        "transport/test_sockets.py": "test_reset_is_no_end",
        "test_guarantees.py": "test_03_reply_whose_last_line_is_missing_is_no_reply",
    },
    4: {  # the code is three ASCII digits, the same on every line
        "protocol/test_reader.py": "test_line_with_a_strange_code_is_no_reply test_mixed_codes_are_no_reply",
        "test_safety.py": "test_only_three_digits_of_2_to_5_are_a_code",
    },
    5: {  # text is preserved and cut at the wire's line ends only; no stray exceptions
        "protocol/test_reply.py": "test_lines_are_cut_at_crlf_only test_text_comes_through_unchanged test_parsing_any_octets_gives_a_reply_or_our_error",
        "protocol/test_reader.py": "test_bare_lf_is_no_line_end test_any_split_of_any_octets_gives_the_same_replies",
        "test_safety.py": "test_text_is_cut_at_crlf_only_and_preserved",
    },
    6: {  # after a time-out, an interrupt or a protocol error the connection is dead
        "test_safety.py": "test_late_reply_is_not_taken_for_the_next_commands test_interrupt_closes_the_connection_and_says_so",
        "test_guarantees.py": "test_06_interrupt_of_any_wait_closes_the_connection",
    },
    7: {  # unread input before a command is an error, never a pairing
        "test_wire.py": "test_nothing_is_sent_while_something_is_unread test_nothing_is_sent_while_a_reply_that_was_read_along_is_not_taken",
        "test_safety.py": "test_unasked_input_is_an_error_and_never_paired test_unasked_421_is_the_servers_farewell",
        "transport/test_tls.py": "test_unasked_reply_inside_tls_is_an_error",
        "test_guarantees.py": "test_07_answer_before_the_content_began_is_an_error",
    },
    # -- TLS and AUTH
    8: {  # nothing in the clear behind the 220 of STARTTLS; all is forgotten after TLS
        "test_wire.py": "test_octets_behind_the_go_ahead_start_no_tls",
        "test_safety.py": "test_data_behind_the_220_of_starttls_is_an_error",
        "transport/test_tls.py": "test_starttls_verifies_and_forgets_what_was_said_before test_auth_state_is_forgotten_after_tls",
    },
    9: {  # `secure` only after a handshake; anything but 220 starts none
        "test_safety.py": "test_anything_but_220_starts_no_tls",
        "transport/test_tls.py": "test_told_not_to_verify_it_encrypts_and_says_so test_tls_inside_tls_is_an_error_and_not_believed",
    },
    10: {  # after a TLS failure nothing more goes out in the clear
        "test_safety.py": "test_handshake_that_fails_sends_nothing_more_in_the_clear",
        "transport/test_tls.py": "test_unknown_authority_is_refused_without_any_arguments",
    },
    11: {  # certificates are verified: chain, name, dates, purpose; TLS 1.2 or later
        "transport/test_tls.py": "test_unknown_authority_is_refused_without_any_arguments test_other_name_is_refused "
        "test_certificate_that_is_not_good_now_and_here_is_refused test_tls_older_than_1_2_is_refused "
        "test_certificate_signed_by_itself_is_refused",
    },
    12: {"test_safety.py": "test_secret_in_the_clear_is_refused_but_to_loopback",  # AUTH in the clear is refused
         "test_guarantees.py": "test_12_who_may_be_told_a_secret_in_the_clear test_12_no_prefix_of_a_secret_goes_out_however_it_is_cut"},
    # -- what goes out
    13: {  # CR, LF, NUL are refused in every argument
        "protocol/test_command.py": "test_cr_lf_nul_are_refused_in_every_place test_encoded_command_has_exactly_one_crlf_at_its_end",
        "test_client.py": "test_argument_that_would_end_the_line_is_refused_before_a_byte_is_sent test_secret_that_would_end_the_line_is_refused_and_not_shown "
        "test_local_hostname_that_would_end_the_line_is_refused",
    },
    14: {  # no bare CR or LF, dots stuffed, exactly one terminator; half a content is never terminated
        "protocol/test_content.py": "test_any_split_gives_clean_lines_and_exactly_one_terminator test_content_in_every_split "
        "test_unstuffing_undoes_stuffing test_iterator_that_raises_midway_is_never_terminated",
        "test_safety.py": "test_content_that_raises_midway_is_never_terminated",
    },
    15: {  # a refused or broken upload is never a success and never a dead-lock
        "test_safety.py": "test_upload_that_breaks_is_never_a_success test_refusal_before_the_end_of_the_content_is_the_answer_and_no_dead_lock",
        "test_wire.py": "test_success_before_the_end_is_an_error test_broken_write_is_a_refusal_or_an_error_and_never_a_success",
        "transport/test_tls.py": "test_refusal_inside_tls_during_the_upload_is_the_answer",
    },
    16: {  # nothing is left by a failed connection; close is idempotent
        "test_guarantees.py": "test_16_hundred_failed_connections_leave_no_descriptor_and_no_thread",
        "test_safety.py": "test_failed_connections_leave_no_thread_and_close_is_idempotent",
        "transport/test_connecting.py": "test_sockets_that_lost_the_race_are_closed",
        "transport/test_sockets.py": "test_socket_reset_before_use_is_our_error_and_closed test_closing_is_idempotent_and_ends_everything",
    },
    # -- what is shown and saved
    17: {  # HTML holds nothing active
        "display/test_views.py": "test_view_is_allow_listed_and_reads_the_same_again test_hostile_text_stays_text test_a_great_value_makes_less_than_a_megabyte_and_quickly",
        "display/test_kit.py": "test_said_shows_the_visible_text_and_no_markup test_no_other_module_makes_markup",
    },
    18: {  # repr and str hold no terminal controls
        "test_errors.py": "test_no_error_about_any_input_holds_a_control",
        "test_text.py": "test_no_character_of_unicode_that_is_hidden_or_active_comes_through",
        "protocol/test_reply.py": "test_repr_is_one_line_without_controls_and_bounded",
        "test_transcript.py": "test_any_transcript_is_read_back_and_shows_no_control",
        "test_guarantees.py": "test_18_whatever_a_server_says_nothing_shown_holds_a_control",
    },
    19: {  # the password, its base64 and the PLAIN token appear nowhere
        "test_safety.py": "test_secret_appears_nowhere_even_when_the_server_echoes_it",
        "protocol/test_redaction.py": "test_no_form_of_a_secret_is_left_anywhere test_secret_spread_over_lines_is_masked_at_every_cut "
        "test_fragment_with_a_secret_spread_over_its_lines",
        "test_secret.py": "test_no_way_of_showing_it_shows_it test_it_is_not_pickled",
        "test_client.py": "test_typed_secret_that_would_end_the_line_is_refused_and_not_shown test_auth_by_hand_hides_every_response",
        "test_guarantees.py": "test_19_secret_appears_nowhere_however_it_is_given_and_whatever_happens",
    },
}  # fmt: skip


@pytest.mark.parametrize("number", range(1, 20))
def test_every_guarantee_names_tests_that_exist(number: int) -> None:
    named = [(module, name) for module, names in GUARANTEES[number].items() for name in names.split()]
    assert named
    for module, name in named:
        tree = ast.parse((TESTS / module).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{module} has no {name}"


def test_every_session_is_played() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    assert [name for name in session_names() if f'"{name}"' not in sources] == []
    assert all(
        Script.load(name).steps and (SESSIONS / f"{name}.txt").read_text().startswith("# ") for name in session_names()
    )


# -- 1, 2: time and memory -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "leave", [lambda client: client.quit(), lambda client: client.__exit__(None, None, None)], ids=["quit", "with"]
)
def test_01_quit_that_stalls_ends_by_the_deadline(leave: Callable[[SmtpClient], object]) -> None:
    with playing("quit-stalls", timeout=0.3) as (client, _):
        client.connect()
        began = time.monotonic()
        with contextlib.suppress(SmtpTimeout):
            leave(client)
        assert 0.25 < time.monotonic() - began < 1
        assert not client.connected


def test_01_upload_of_slow_content_ends_by_the_deadline() -> None:
    def content() -> Iterator[bytes]:
        while True:
            time.sleep(0.02)
            yield b"x" * 300_000

    with playing("data-stalls", timeout=0.3) as (client, heard):
        client.connect()
        client.data()
        began = time.monotonic()
        with pytest.raises(SmtpTimeout):
            client.data_body(content())
        assert time.monotonic() - began < 1
    assert b"\r\n.\r\n" not in heard.octets


@pytest.mark.parametrize("place", ["sockets", "memory", "memory, octet by octet"])
def test_02_line_without_end_is_an_error(place: str) -> None:
    script = Script.parse("S: 220 hi\nC: NOOP\noctets 250 " + "x" * (MAX_LINE + 9) + "\nstall")
    with playing(script, place, timeout=5) as (client, _):
        client.connect()
        began = time.monotonic()
        with pytest.raises(SmtpProtocolError, match="line is longer"):
            client.noop()
        assert time.monotonic() - began < 2


# -- 3, 7, 15: what is half, and what is too early ------------------------------------------------------------


@pytest.mark.parametrize("session", ["reply-truncated", "reply-without-last-line"])
@pytest.mark.parametrize("place", ["sockets", "memory", "memory, octet by octet"])
def test_03_reply_whose_last_line_is_missing_is_no_reply(place: str, session: str) -> None:
    with playing(session, place) as (client, _):
        client.connect()
        with pytest.raises(SmtpDisconnected, match="in the middle of a reply"):
            client.noop()


@pytest.mark.parametrize("place", ["sockets", "memory", "memory, octet by octet"])
def test_07_answer_before_the_content_began_is_an_error(place: str) -> None:
    with playing("data-250-with-354", place) as (client, heard):
        client.connect()
        client.data()
        with pytest.raises(SmtpProtocolError):
            client.data_body("content")
    assert b"content" not in heard.octets


# -- 6: interrupts ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("steps", "call"),
    [
        ("stall", lambda client: client.connect()),
        ("S: 220 hi\nC: *\nstall", lambda client: (client.connect(), client.noop())),
        ("S: 220 hi\nC: *\nS: 250-half\nstall", lambda client: (client.connect(), client.ehlo())),
        (
            "S: 220 hi\nC: *\nS: 354 go\ndeaf",
            lambda client: (client.connect(), client.data(), client.data_body(b"x" * 20_000_000)),
        ),
        ("S: 220 hi\nC: *\nS: 220 go\nstall", lambda client: (client.connect(), client.starttls())),
        (
            "S: 220 hi\nC: *\nstall",
            lambda client: (client.connect(), client.send_data("NOOP\r\n"), client.receive_data()),
        ),
    ],
    ids=["greeting", "reply", "half a reply", "upload", "handshake", "raw layer"],
)
def test_06_interrupt_of_any_wait_closes_the_connection(steps: str, call: Callable[[SmtpClient], object]) -> None:
    with playing(Script.parse(steps), timeout=10, appetite=4_096) as (client, heard):
        timer = threading.Timer(0.2, _thread.interrupt_main)
        timer.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt) as caught:
            call(client)
        timer.join()
        assert time.monotonic() - began < 3
        assert "connect() starts afresh" in "".join(caught.value.__notes__)
        assert "interrupted" in repr(client)
        assert not client.connected
        said = heard.octets
        with pytest.raises(SmtpDisconnected, match="interrupted"):
            client.noop()
        assert heard.octets.startswith(said)
        assert b"NOOP" not in heard.octets.removeprefix(said)


# -- 12: secrets in the clear ----------------------------------------------------------------------------------


class Anywhere:
    """A stream to an address of one's choice, whose peer always says 334."""

    local_address = "192.0.2.2"
    tls = None

    def __init__(self, ip: str) -> None:
        self.address = (ip, 25)
        self.written = b""
        self._answers = [b"220 hi\r\n"]

    def read(self, deadline: object) -> bytes:
        return self._answers.pop(0)

    def write(self, data: bytes, deadline: object, *, watch: bool = False) -> int:
        self.written += data
        self._answers.append(b"334 \r\n")
        return len(data)

    def waiting(self) -> bool:
        return False

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("host", "ip", "options", "told"),
    [
        ("mail.example", "192.0.2.1", {}, False),
        ("localhost", "192.0.2.1", {}, False),  # the address decides, not the name
        ("127.0.0.1", "2001:db8::1", {}, False),
        ("mail.example", "127.0.0.1", {}, True),
        ("mail.example", "127.9.9.9", {}, True),
        ("mail.example", "::1", {}, True),
        ("mail.example", "::ffff:127.0.0.1", {}, True),
        ("mail.example", "::ffff:192.0.2.1", {}, False),
        ("mail.example", "128.0.0.1", {}, False),
        ("mail.example", "fe80::1%lo", {}, False),
        ("mail.example", "not an address", {}, False),
        ("localhost", "127.0.0.1", {"trust_loopback": False}, False),
        ("mail.example", "192.0.2.1", {"allow_insecure_auth": True}, True),
        ("mail.example", "192.0.2.1", {"trust_loopback": True}, False),
        ("localhost", "127.0.0.1", {"trust_loopback": False, "allow_insecure_auth": True}, True),
    ],
)
def test_12_who_may_be_told_a_secret_in_the_clear(host: str, ip: str, options: dict[str, bool], told: bool) -> None:
    stream = Anywhere(ip)
    client = SmtpClient(host, stream=stream, **options)  # type: ignore[arg-type]
    client.connect()
    try:
        client.auth_plain("alice", "wonderland")
    except SmtpError as error:
        assert type(error).__name__ == "SmtpInsecureError"
        assert stream.written == b""
    assert bool(stream.written) is told
    assert client.auth("LOGIN").code == 334, "the bare step holds no secret"


TOKEN = "AGFsaWNlAHdvbmRlcmxhbmQ="


@pytest.mark.parametrize(
    "typed",
    [
        f"AUTH PLAIN {TOKEN}\r\n",
        f"auth\tplain  {TOKEN}\n",
        f"NOOP\r\nAUTH PLAIN {TOKEN}\r\n",
        "AUTH LOGIN\r\nYWxpY2U=\r\nd29uZGVybGFuZA==\r\n",
    ],
)
def test_12_no_prefix_of_a_secret_goes_out_however_it_is_cut(typed: str) -> None:
    secret = TOKEN if TOKEN in typed else "YWxpY2U="
    for cut in range(1, len(typed)):
        stream = Anywhere("192.0.2.1")
        client = SmtpClient("mail.example", stream=stream)  # type: ignore[arg-type]
        client.connect()
        with pytest.raises(SmtpError, match="refused to send a secret"):
            for piece in (typed[:cut], typed[cut:]):
                client.send_data(piece)
        assert typed.encode().startswith(stream.written)
        assert len(stream.written) <= typed.index(secret), cut


# -- 16: nothing is left ---------------------------------------------------------------------------------------


def descriptors() -> set[str]:
    """What this process has open; what listing them opened is closed again by then."""
    listed = [entry.name for entry in Path("/proc/self/fd").iterdir()]
    return {name for name in listed if os.path.lexists(f"/proc/self/fd/{name}")}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is open")
@pytest.mark.parametrize(
    ("steps", "options"),
    [
        ("close", {}), ("reset", {}), ("stall", {"timeout": 0.01}), ("S: rubbish\nstall", {}), ("octets 220 half\nclose", {}),
        ("stall", {"timeout": 0.01, "implicit_tls": True}), ("close", {"implicit_tls": True}), ("S: 220 plain\nstall", {"implicit_tls": True}),
        ("tls\nstall", {"implicit_tls": True}),
    ],
)  # fmt: skip
def test_16_hundred_failed_connections_leave_no_descriptor_and_no_thread(
    steps: str, options: dict[str, object]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer(Script.parse(steps), context) as server:
        client = SmtpClient("127.0.0.1", server.port, **{"timeout": 2} | options)  # type: ignore[arg-type]
        failed(client)
        settle = time.monotonic() + 2
        while server.busy and time.monotonic() < settle:
            time.sleep(0.01)
        before, threads = descriptors(), threading.active_count()
        for _ in range(100):
            failed(client)
        while descriptors() - before and time.monotonic() < settle + 10:
            time.sleep(0.01)  # the server has not seen the last one go yet
        assert descriptors() - before == set()
        assert threading.active_count() <= threads


def failed(client: SmtpClient) -> None:
    with pytest.raises(SmtpError):
        client.connect()
    client.disconnect()
    client.disconnect()


# -- 18, 19: what is shown and saved ---------------------------------------------------------------------------

CONTROLS: Final = r"\x1b]0;title\x07\x1b[2J\x9b31m\xe2\x80\xae\xe2\x80\x8b\x00\x08\x7f\xff"


@pytest.mark.parametrize(
    "steps",
    [
        f"octets 250 {CONTROLS}\\r\\n", f"octets 250-x\\r\\n250 {CONTROLS}\\r\\n", f"octets 250 ok\\r\\n250 {CONTROLS}\\r\\n", f"octets 250 ok\\r\\n421 {CONTROLS}\\r\\n",
        f"octets {CONTROLS}\\r\\n", f"octets 250-a\\r\\n251 {CONTROLS}\\r\\n", f"octets 250 {CONTROLS}", f"octets 250 {CONTROLS}\\n", f"octets 421 {CONTROLS}\\r\\n",
        f"octets 550 {CONTROLS}\\r\\n", f"octets 250{CONTROLS}\\r\\n", f"octets HTTP/1.1 {CONTROLS}\\r\\n",
    ],
    ids=range(12),
)  # fmt: skip
@pytest.mark.parametrize("end", ["close", "stall"])
def test_18_whatever_a_server_says_nothing_shown_holds_a_control(steps: str, end: str) -> None:
    from smtpnb.text import visible

    shown: list[str] = []
    with playing(Script.parse(f"S: 220 hi\nC: EHLO *\n{steps}\n{end}"), "memory") as (client, _):
        client.connect()
        for call in (client.ehlo, client.noop, client.noop):
            try:
                reply = call()
                shown += [repr(reply), *str(reply).split("\n"), reply.shown, reply.shown_command]
                reply.raise_for_status()
            except SmtpError as error:
                shown += [str(error), repr(error), *error.to_text().split("\n"), *error._render_traceback_()]
        shown += [
            repr(client),
            repr(client.capabilities),
            repr(client.conversation),
            repr(client.transcript),
            repr(client.snapshot()),
        ]
        shown += client.transcript.to_text().split("\n")
    for line in shown:
        assert visible(line) == line


PASSWORD: Final = "wonderland"

GIVEN: Final = {
    "auth_plain": lambda client: client.auth_plain("alice", PASSWORD),
    "auth": lambda client: client.auth("PLAIN", TOKEN),
    "get_response": lambda client: client.get_response(f"AUTH PLAIN {TOKEN}"),
    "send_data": lambda client: (client.send_data(f"AUTH PLAIN {TOKEN}\r\n"), client.receive_data()),
    "send_data in two": lambda client: (
        client.send_data(f"AUTH PLAIN {TOKEN[:9]}"),
        client.send_data(f"{TOKEN[9:]}\r\n"),
        client.receive_data(),
    ),
}

HAPPENING: Final = {
    "refused": "S: 535 no, {0}",
    "accepted": "S: 235 welcome, {0}",
    "refused over lines": "S: 535-5.7.8 {1}\nS: 535 {2} no",
    "asked again": "S: 334 {0}",
    "time-out": "stall",
    "late": "octets 535 half {0}",
    "late over lines": "octets 535-{1}\\r\\n535-{2}\\r\\n",
    "hang-up": "close",
    "cut off": "octets 535 half {0}\nclose",
    "mixed codes": "S: 535-{0}\nS: 235 {0}",
    "bare LF": "octets 535 {0}\\n535 {0}\\r\\n",
    "no SMTP": "S: {0}",
    "unasked": "S: 535 no\nS: 250 {0}",
    "farewell": "S: 535 no\nS: 421 {0}\nclose",
    "goodbye": "S: 421 {0}",
}


@pytest.mark.parametrize("place", ["memory", "memory, octet by octet"])
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("happening", HAPPENING)
def test_19_secret_appears_nowhere_however_it_is_given_and_whatever_happens(
    happening: str, given: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for form in forms("alice", PASSWORD):
        caplog.clear()
        steps = HAPPENING[happening].format(form, form[:5], form[5:])
        errors: list[BaseException] = []
        with playing(Script.parse(f"S: 220 hi\nC: AUTH *\n{steps}\nstall"), place) as (client, _):
            client.connect()
            for call in (GIVEN[given], SmtpClient.noop, SmtpClient.ehlo):
                try:
                    call(client)
                except SmtpError as error:
                    errors.append(error)
            told = surfaces(client, errors, caplog.text)
        for secret in forms("alice", PASSWORD):
            assert secret not in told
        if "over lines" in happening and len(form) > 8:
            assert form[:5] not in told.replace("alice", "")
            assert form[5:] not in told
