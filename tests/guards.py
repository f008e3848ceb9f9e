"""The proof that the tests of the guarantees can fail: takes each guard out of a copy of the package and runs them.

    python tests/guards.py [NUMBER …]

A guard is a piece of the package's source; what stands in its place is the mistake that it guards against. Where all
named tests pass without it, or the piece is not there any more, the program says so and ends with status 1.
"""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True)
class Guard:
    """A guard, the mistake in its place, and the tests that must notice.

    Attributes:
        number: the guarantee.
        what: what is taken away.
        module: where, in the package.
        guard: the source; it must be there exactly once.
        mistake: the source in its place.
        module_of_tests: which tests must notice.
        tests: which of them, as for `pytest -k`.
    """

    number: int
    what: str
    module: str
    guard: str
    mistake: str
    module_of_tests: str
    tests: str

    def seen(self) -> str:
        """What is wrong: an empty string where a test fails without the guard."""
        source = (ROOT / "smtpnb" / self.module).read_text(encoding="utf-8")
        if source.count(self.guard) != 1:
            return f"the guard is in {self.module} {source.count(self.guard)} times"
        with tempfile.TemporaryDirectory() as directory:
            copy = Path(directory)
            for name in ("smtpnb", "tests", "pyproject.toml"):
                if (ROOT / name).is_dir():
                    shutil.copytree(
                        ROOT / name, copy / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__")
                    )
                else:
                    shutil.copy(ROOT / name, copy / name)
            (copy / "smtpnb" / self.module).write_text(source.replace(self.guard, self.mistake), encoding="utf-8")
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "-p",
                "no:cacheprovider",
                f"tests/{self.module_of_tests}",
            ]
            done = subprocess.run(
                [*command, "-k", self.tests], cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)},
                capture_output=True, encoding="utf-8", errors="replace", check=False,
            )  # fmt: skip
        return "" if done.returncode == 1 else f"no test failed\n{done.stdout[-600:]}"


SAFETY: Final = "test_safety.py"
WIRE: Final = "test_wire.py"
TLS: Final = "transport/test_tls.py"
READER: Final = "protocol/test_reader.py"
HERE: Final = "test_guarantees.py"

GUARDS: Final = (
    Guard(1, "one deadline for the whole reply", "wire.py", "data = self.stream.read(deadline)\n        except SmtpTimeout", "data = self.stream.read(Deadline(deadline.seconds))\n        except SmtpTimeout", SAFETY, "drips"),
    Guard(1, "the deadline between pieces of an upload", "wire.py", 'if deadline.at <= monotonic():\n                raise timed_out("end of the upload", deadline)', "pass", WIRE, "slow_content"),
    Guard(1, "the deadline between chunks of one piece", "protocol/content.py", "            heed()\n", "            pass\n", "test_client.py", "comes_too_slowly"),
    Guard(1, "one deadline for a whole job", "client.py", "self._job = deadline = self._job or Deadline(self._timeout)", "deadline = Deadline(self._timeout)", "test_client.py", "whole_job"),
    Guard(1, "the deadline of a handshake", "transport/sockets.py", '                self._wait(deadline, "TLS handshake", read=True)\n', '                self._wait(Deadline(3), "TLS handshake", read=True)\n', SAFETY, "handshake_that_stalls"),
    Guard(1, "the deadline of name resolution", "transport/connecting.py", "while thread.is_alive() and deadline.left():", "while thread.is_alive():", "transport/test_connecting.py", "resolver_that_hangs"),
    Guard(1, "a read inside TLS never sleeps by itself", "transport/sockets.py", "        self._fresh = True\n", "        os.set_blocking(self._sock.fileno(), True)\n", TLS, "record_of_tls_that_drips"),
    Guard(2, "the limit of a line", "protocol/reader.py", "if self._tail_size > self.max_line:", "if False:", READER, "line_without_end"),
    Guard(2, "the limit of a reply", "protocol/reader.py", "if self._size > self.max_reply:", "if False:", READER, "reply_of_the_limit"),
    Guard(2, "the limit of a reply's lines", "protocol/reader.py", "if self._lines > self.max_lines:", "if False:", READER, "reply_without_end"),
    Guard(3, "an end inside a reply is an error", "wire.py", "        if not data:\n            raise self._ended()\n        return data\n", '        return data or b"\\r\\n"\n', WIRE, "end_in_the_middle"),
    Guard(3, "a TLS end without close_notify is an error", "transport/sockets.py", "suppress_ragged_eofs=False", "suppress_ragged_eofs=True", TLS, "fin_without"),
    Guard(3, "a reset is an error", "transport/sockets.py", "            except (OSError, ValueError) as error:  # ValueError: closed by another thread meanwhile\n                raise lost(", "            except (OSError, ValueError) as error:\n                return b''\n                raise lost(", "transport/test_sockets.py", "reset_is_no_end"),
    Guard(4, "codes of 200 to 599 only", "protocol/reader.py", "range(200, 600)", "range(100, 1000)", READER, "strange_code"),
    Guard(4, "the same code on every line", "protocol/reader.py", 'or part.count(b"\\r\\n" + more) != going_on - 1)', ")", READER, "mixed_codes"),
    Guard(4, "three ASCII digits", "protocol/reader.py", "self._code not in _CODES\n", 'not self._code.strip().lstrip(b"+").replace(b"_", b"").isdigit()\n', SAFETY, "three_digits"),
    Guard(5, "lines are cut at CR LF only", "protocol/reply.py", '.split("\\n"), last[4:])', ".splitlines(), last[4:])", "protocol/test_reply.py", "cut_at_crlf"),
    Guard(5, "a bare LF is no line end", "protocol/reader.py", 'part.count(b"\\r\\n" + more)', 'part.count(b"\\n" + more)', READER, "bare_lf or any_split or line_by_line"),
    Guard(5, "a bare LF before the last line is no line end", "protocol/reader.py", '            or (last and part[last - 2 : last] != b"\\r\\n")\n', "", READER, "bare_lf or any_split or line_by_line"),
    Guard(5, "a bare LF is no line end among single lines", "protocol/reader.py", 'if end or data.count(b"\\n") != len(lines):', "if end:", READER, "bare_lf or any_split"),
    Guard(6, "a failed call closes the connection", "client.py", "        self._close(text)\n        if not isinstance(error, SmtpError):", "        if not isinstance(error, SmtpError):", SAFETY, "late_reply"),
    Guard(6, "an interrupt closes the connection", "client.py", "            reply = self._heard(command, raw, started, wire.sent_at, content)\n        except BaseException as error:", "            reply = self._heard(command, raw, started, wire.sent_at, content)\n        except Exception as error:", HERE, "interrupt_of_any_wait"),
    Guard(7, "a look beside an exchange", "wire.py", "        if self._looking:\n            with self._lock:\n                pass\n", "", WIRE, "looks_meanwhile or look_in_progress"),
    Guard(6, "an interrupt between two steps of a mail", "client.py", "            self._fail(error)  # an interrupt between two steps, too", "            raise  # an interrupt between two steps, too", "test_sending.py", "between_two_steps"),
    Guard(6, "a mail where the server takes content", "client.py", "            self._refuse_midway()\n", "            pass\n", "test_sending.py", "takes_content_or"),
    Guard(6, "a look closes no other connection", "client.py", "if self._wire is wire:", "if True:", "test_client.py", "replaced_meanwhile"),
    Guard(7, "a look beside a handshake", "wire.py", "        self._claim(1)\n        if self._reader.idle and", "        self._due = 1\n        if self._reader.idle and", WIRE, "look_in_progress"),
    Guard(7, "an answer to what has not gone out", "wire.py", '                raise SmtpProtocolError(\n                    "the server answered commands', '                return\n                raise SmtpProtocolError(\n                    "the server answered commands', "test_sending.py", "has_not_gone_out"),
    Guard(7, "replies that come while commands go out", "wire.py", "                if answers[-1][0].code == 421:\n                    return\n", "", "test_sending.py", "great_envelope"),
    Guard(7, "nothing is sent while something is unread", "wire.py", "        self.cut = 0\n        raise self._unasked(deadline)\n", "", WIRE, "nothing_is_sent"),
    Guard(8, "nothing unread before a handshake", "wire.py", "        if not self._reader.idle:\n            if implicit:", "        if False:\n            if implicit:", WIRE, "go_ahead"),
    Guard(8, "what was read along counts as unread", "wire.py", "        if self._reader.idle and self.stream.waiting():\n", "        self._reader = ReplyReader(mask=self._mask)\n        if self.stream.waiting():\n", SAFETY, "data_behind_the_220"),
    Guard(8, "capabilities and AUTH are forgotten after TLS", "client.py", "self._tls, self._capabilities, self._conversation = tls, NOTHING, after_tls(greeted=greeted)", "self._tls = tls", TLS, "forget or forgotten"),
    Guard(9, "only 220 starts TLS", "client.py", "if reply.code == 220:", "if reply.success:", SAFETY, "anything_but_220"),
    Guard(9, "no TLS inside TLS", "client.py", "        if self.secure:\n            raise SmtpProtocolError(", "        if False:\n            raise SmtpProtocolError(", TLS, "inside_tls_is"),
    Guard(10, "a failed handshake closes the connection", "client.py", "        except BaseException as error:\n            if self._wire is None:  # it is told already", "        except KeyboardInterrupt as error:\n            if self._wire is None:  # it is told already", SAFETY, "handshake_that_fails"),
    Guard(11, "certificates are verified by default", "client.py", "(self._ssl_context or verifying()) if verify else unverifying()", "(self._ssl_context or unverifying())", TLS, "unknown_authority"),
    Guard(11, "names are verified", "transport/tls_settings.py", "    context = ssl.create_default_context()\n", "    context = ssl.create_default_context()\n    context.check_hostname = False\n", TLS, "default_settings"),
    Guard(11, "TLS 1.2 or later", "transport/tls_settings.py", "    context = ssl.create_default_context()\n    context.minimum_version = ssl.TLSVersion.TLSv1_2\n", "    context = ssl.create_default_context()\n    context.minimum_version = ssl.TLSVersion.TLSv1_1\n", TLS, "older_than"),
    Guard(12, "a secret in the clear is refused", "client.py", "if self.secure or self.allow_insecure_auth or (self._loopback and self._trust_loopback):", "if True:", SAFETY, "secret_in_the_clear"),
    Guard(12, "the address decides, not the name", "client.py", "self._loopback = _is_loopback(stream.address[0])", 'self._loopback = _is_loopback(self._endpoint.name) or self._endpoint.name == "localhost"', HERE, "who_may_be_told"),
    Guard(12, "trust_loopback", "client.py", "(self._loopback and self._trust_loopback)", "self._loopback", HERE, "who_may_be_told"),
    Guard(12, "half a line of content is forgotten", "client.py", "        self._raw, self._unsettled = _NOTHING_RAW, False\n", "        self._unsettled = False\n", "test_client.py", "half_line"),
    Guard(12, "what answers any challenge is secret", "protocol/conversation.py", "{334: Conversation._challenged}", "{}", "test_client.py", "any_challenge"),
    Guard(12, "an AUTH line behind a DATA without its answer", "protocol/raw_input.py", "            self._granted = False\n", "", "protocol/test_raw_input.py", "not_granted_yet"),
    Guard(12, "the beginning of a secret is one", "protocol/raw_input.py", '            found = match[2].strip() if match and match[2] else b""\n', '            found = b""\n', HERE, "no_prefix"),
    Guard(13, "CR, LF, NUL are refused in arguments", "protocol/command.py", "(not line.isprintable() and _FORBIDDEN.search(line)) or ", "", "test_client.py", "would_end_the_line"),
    Guard(13, "CR, LF, NUL are refused in secrets", "protocol/command.py", "(secret is not None and not secret.is_one_line)", "False", "protocol/test_command.py", "cr_lf_nul"),
    Guard(14, "a dot that begins a piece is stuffed", "protocol/content.py", 'if self._at_line_start and piece[:1] == b".":', "if False:", "protocol/test_content.py", "every_split"),
    Guard(14, "CR LF across two pieces is one line end", "protocol/content.py", 'if self._after_cr and piece[:1] == b"\\n":', "if False:", "protocol/test_content.py", "every_split"),
    Guard(14, "a lone LF becomes CR LF", "protocol/content.py", '    octets = lines.replace(b"\\n", b"\\r\\n")\n', "    octets = lines\n", "protocol/test_content.py", "every_split"),
    Guard(14, "a lone CR becomes CR LF", "protocol/content.py", "if lines is piece or octets == piece:", "if True:", "protocol/test_content.py", "every_split"),
    Guard(14, "content that raises is not terminated", "protocol/content.py", '    stuffer = Stuffer(midline=midline)\n    waiting = b""\n    for piece in pieces:\n        if waiting:\n            yield waiting\n        waiting = stuffer.stuff(piece)\n    yield waiting + stuffer.end()', "    stuffer = Stuffer(midline=midline)\n    try:\n        for piece in pieces:\n            yield stuffer.stuff(piece)\n    finally:\n        yield stuffer.end()", SAFETY, "raises_midway"),
    Guard(14, "content that raises closes the connection", "client.py", "            reply = self._heard(command, raw, started, wire.sent_at, content)\n        except BaseException as error:", "            reply = self._heard(command, raw, started, wire.sent_at, content)\n        except SmtpError as error:", SAFETY, "raises_midway"),
    Guard(14, "content that has nothing yet has not ended", "protocol/content.py", "while octets := _octets(read(size)):", 'while octets := _octets(read(size) or b""):', "test_client.py", "nothing_yet"),
    Guard(15, "an early success is an error", "wire.py", "        if reply.code >= 400:\n            return reply\n        words", "        if reply.code:\n            return reply\n        words", WIRE, "success_before_the_end"),
    Guard(15, "last words are no success", "wire.py", "if reply and reply.code >= 400:", "if reply:", WIRE, "broken_write"),
    Guard(15, "the server is listened to while sending", "wire.py", "deadline, watch=out > 0 or len(piece) > _SMALL)", "deadline)", SAFETY, "refusal_before_the_end"),
    Guard(15, "an answer out of place is no success", "sending.py", "    if reply.success:\n", "    if False:\n", "test_sending.py", "out_of_place"),
    Guard(15, "a delivery to fewer than all", "delivery.py", "if self.accepted and not self.refused:", "if self.reply.code < 400:", "test_sending.py", "fewer_than_all"),
    Guard(16, "an error once the greeting had come", "client.py", "            if stream is not None:\n                stream.close()\n", "            if answered:\n                raise\n", "test_client.py", "handler_of_the_log"),
    Guard(16, "a failed connection is closed", "client.py", "        self._unsettled = False\n        if wire is not None:\n            wire.close()", "        self._unsettled = False\n        if wire is not None:\n            globals().setdefault('_kept', []).append(wire)", "test_endurance.py", "thousand_connects"),
    Guard(16, "sockets that lost the race are closed", "transport/connecting.py", "            with contextlib.suppress(OSError):\n                sock.close()\n", "            globals().setdefault('_kept', []).append(sock)\n", "transport/test_connecting.py", "lost_the_race"),
    Guard(17, "hidden characters are spelt out in HTML", "display/kit.py", "_breakable(visible(shortened(", "_breakable((shortened(", "display/test_views.py", "hostile"),
    Guard(18, "a reply's text is made visible", "protocol/reply.py", 'return f"{self.code} {visible(shortened(self.lines[0], 200))}".rstrip() + more', 'return f"{self.code} {shortened(self.lines[0], 200)}".rstrip() + more', HERE, "test_18"),
    Guard(18, "what an error quotes is made visible", "wire.py", 'return f"“{visible(shortened(decoded(self._mask(self._reader.pending)), 120))}”"', 'return f"“{shortened(decoded(self._mask(self._reader.pending)), 120)}”"', HERE, "test_18"),
    Guard(18, "the transcript is made visible", "exchange.py", "{entry.reply.code}{separator}{shown(text)}", "{entry.reply.code}{separator}{text}", HERE, "test_18"),
    Guard(19, "echoes are masked", "client.py", "octets = self._redaction.masked(octets, in_auth=hidden)", "pass", SAFETY, "appears_nowhere"),
    Guard(19, "base64 is masked", "protocol/redaction.py", "self._encoded.update(dict.fromkeys(_base64_forms(octets)))", "pass", SAFETY, "appears_nowhere"),
    Guard(19, "secrets over lines are masked", "protocol/redaction.py", "if first != last:", "if False:", "protocol/test_redaction.py", "spread_over"),
    Guard(19, "what an error quotes is masked", "client.py", "self._redaction.masked_fragment", "bytes", HERE, "test_19"),
    Guard(19, "what is inside a typed token is masked", "client.py", "self._redaction.learn(secret, *sasl.secrets_in(secret))", "self._redaction.learn(secret)", HERE, "test_19"),
    Guard(19, "a secret echoed in the reply to a mail's content", "recorder.py", "            self.last = RawReply(self.last.code, mask(self.last.raw))\n", "            pass\n", "test_pipeline.py", "around_the_content"),
    Guard(19, "frames of a foreign error are dropped", "client.py", "if hides or isinstance(error", "if isinstance(error", "test_client.py", "foreign_error"),
    Guard(19, "frames that saw a secret are dropped", "client.py", "            del command  # it may hold a secret\n", "            pass\n", HERE, "test_19"),
    Guard(19, "a secret is not pickled", "protocol/redaction.py", '    def __reduce_ex__(self, protocol: object) -> NoReturn:\n        raise TypeError("the secrets of a session are not pickled")\n', "", "protocol/test_redaction.py", "leaves_by_no_pickle"),
    Guard(19, "a secret has no text", "secret.py", 'return f"Secret({MASK})"', 'return f"Secret({self.octets()!r})"', "test_secret.py", "no_way_of_showing"),
    Guard(19, "a password in hexadecimal or for a URL", "protocol/redaction.py", "self._plain.update(dict.fromkeys(_spelt_forms(octets)))", "pass", "protocol/test_redaction.py", "spelt"),
    Guard(19, "what an earlier session's password was", "client.py", "        self._loopback = False\n        self._unsettled", "        self._loopback = False\n        self._redaction = Redaction()\n        self._unsettled", SAFETY, "later_session"),
)  # fmt: skip


def main(numbers: list[str]) -> int:
    """Tries the guards of these guarantees, or all."""
    guards = [guard for guard in GUARDS if not numbers or str(guard.number) in numbers]
    unseen = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for guard, problem in zip(guards, pool.map(Guard.seen, guards), strict=True):
            unseen += bool(problem)
            print(f"{guard.number:2} {guard.what}: {problem or f'seen by {guard.module_of_tests} -k {guard.tests!r}'}")
    print(f"{len(guards) - unseen} of {len(guards)} guards are seen to be missing")
    return bool(unseen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
