"""Hostile servers from small text files: over real sockets, and in memory as a `smtpnb.transport.memory.Peer`.

A script is a list of steps, one a line; blank lines and lines that begin with # are left out:

    S: text          says a line; lines that follow each other are one write
    C: text          hears a line, which must be this one; * stands for anything (fnmatch)
    octets text      says these octets; \\r, \\n, \\x00 … are spelt out
    garbage hex      says these octets
    content          hears all up to the end of mail data
    hear number      hears so many octets of whatever comes
    close            ends the connection
    stall            says no more; hears and forgets whatever comes

Faults of time and of TCP. In memory there is no time, so the first two do nothing; the others are for sockets only:

    drip seconds     from here on says an octet at a time, with this pause after each
    late seconds     waits
    half-close       says no more (FIN), but still listens
    reset            ends the connection with RST
    sip seconds      hears an octet at a time, with this pause after each
    deaf             neither hears nor says anything any more
    flood text       says the line again and again for as long as the client stands it
    tls              makes the TLS handshake, as the server
    tls-end          ends TLS properly (close_notify), and the connection
    tls-truncate     ends the connection without ending TLS
"""

from __future__ import annotations

import contextlib
import fnmatch
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from smtpnb.client import SmtpClient
from smtpnb.transport.memory import MemoryStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SESSIONS: Final = Path(__file__).parent / "sessions"

#: Where a script is played. Octet by octet is the awkward case of every reader.
PLACES: Final = ("sockets", "memory", "memory, octet by octet")

_WORDS: Final = frozenset(
    [
        "S:",
        "C:",
        "octets",
        "garbage",
        "content",
        "hear",
        "close",
        "stall",
        "drip",
        "late",
        "half-close",
        "reset",
        "sip",
        "deaf",
        "flood",
        "tls",
        "tls-end",
        "tls-truncate",
    ]
)
_SOCKETS_ONLY: Final = frozenset(["half-close", "reset", "sip", "deaf", "flood", "tls", "tls-end", "tls-truncate"])

#: Seconds until a server gives up on its client: more than any test's time-out, less than the test run's patience.
_PATIENCE: Final = 10.0


@dataclass(frozen=True)
class Step:
    """One line of a script."""

    word: str
    text: str = ""

    @property
    def octets(self) -> bytes:
        """What the step says."""
        if self.word == "garbage":
            return bytes.fromhex(self.text)
        if self.word == "octets":
            return self.text.encode().decode("unicode_escape").encode("latin-1")
        return self.text.encode() + b"\r\n"

    def problem(self, line: bytes) -> str:
        """What is wrong with the line that was heard, or nothing."""
        heard = line.removesuffix(b"\r\n").decode("utf-8", "backslashreplace")
        if not line.endswith(b"\r\n") or not fnmatch.fnmatchcase(heard, self.text):
            return f"expected {self.text!r}, heard {line!r}"
        return ""


@dataclass(frozen=True)
class Script:
    """What a server says, and expects to hear."""

    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> Script:
        steps: list[Step] = []
        for line in text.splitlines():
            word, _, rest = line.strip().partition(" ")
            if not word or word.startswith("#"):
                continue
            if word not in _WORDS:
                raise ValueError(f"no step of a script: {line!r}")
            steps.append(Step(word, rest))
        return cls(tuple(steps))

    @classmethod
    def load(cls, name: str) -> Script:
        """The script in `sessions/NAME.txt`."""
        return cls.parse((SESSIONS / f"{name}.txt").read_text(encoding="utf-8"))

    @property
    def sockets_only(self) -> bool:
        """Whether it cannot be played in memory."""
        return any(step.word in _SOCKETS_ONLY for step in self.steps)


@dataclass
class Heard:
    """What a scripted server heard, in all its connections."""

    octets: bytes = b""
    problems: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def lines(self) -> list[bytes]:
        """The lines, without their CRLF."""
        return self.octets.split(b"\r\n")[:-1]


def _end_of_line(unread: bytes) -> int:
    return unread.find(b"\n") + 1


def _end_of_content(unread: bytes) -> int:
    """Where the mail data ends in `unread`; 0 where it goes on."""
    return 3 if unread.startswith(b".\r\n") else unread.find(b"\r\n.\r\n") + 5 if b"\r\n.\r\n" in unread else 0


# -- in memory -------------------------------------------------------------------------------------------------


class ScriptedPeer:
    """A script as a `Peer`. It answers as far as what it heard allows."""

    def __init__(self, script: Script, heard: Heard | None = None) -> None:
        assert not script.sockets_only, "this script needs sockets"
        self.heard = heard or Heard()
        self.heard.connections += 1
        self._steps = list(script.steps)
        self._unread = b""

    def end(self) -> None:
        """The client's end is nothing to a script."""

    def greet(self) -> list[bytes | None]:
        return self._answers()

    def receive(self, data: bytes) -> list[bytes | None]:
        self.heard.octets += data
        self._unread += data
        return self._answers()

    def _answers(self) -> list[bytes | None]:
        answers: list[bytes | None] = []
        while self._steps and self._take(self._steps[0], answers):
            self._steps.pop(0)
        return answers

    def _take(self, step: Step, answers: list[bytes | None]) -> bool:
        """Does one step; False where it has to wait for more, or for ever."""
        if step.word in ("C:", "content", "hear"):
            return self._hear(step, answers)
        if step.word in ("S:", "octets", "garbage"):
            answers.append(step.octets)
        elif step.word == "close":
            answers.append(None)
        return step.word != "stall"

    def _hear(self, step: Step, answers: list[bytes | None]) -> bool:
        if step.word == "C:":
            end = _end_of_line(self._unread)
        elif step.word == "content":
            end = _end_of_content(self._unread)
        else:
            end = int(step.text) if len(self._unread) >= int(step.text) else 0
        piece, self._unread = self._unread[:end], self._unread[end:]
        if end and step.word == "C:" and (problem := step.problem(piece)):
            self.heard.problems.append(problem)
            answers.append(None)
            return False
        return bool(end)


# -- on sockets ------------------------------------------------------------------------------------------------


class _Gone(Exception):  # noqa: N818 - no error: clients leave
    """The client hung up, or the test is over."""


class _Connection:
    """One client of a `ScriptedServer`, served step by step."""

    def __init__(self, sock: socket.socket, server: ScriptedServer) -> None:
        sock.settimeout(_PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._server = server
        self._unread = b""
        self._unsaid = b""
        self._pause = 0.0

    def play(self, script: Script) -> None:
        """Does every step, and hangs up."""
        faults: dict[str, Callable[[Step], None]] = {
            "C:": self._hear_line, "content": self._hear_content, "hear": self._hear_octets, "stall": self._stall,
            "drip": self._drip, "late": self._late, "half-close": self._half_close, "reset": self._reset,
            "sip": self._sip, "deaf": self._deaf, "flood": self._flood, "tls": self._tls, "tls-end": self._tls_end,
            "tls-truncate": self.close, "close": self.close,
        }  # fmt: skip
        for step in script.steps:
            if step.word in ("S:", "octets", "garbage"):
                self._unsaid += step.octets
            else:
                self._say()
                faults[step.word](step)
        self._say()

    def close(self, _: Step | None = None) -> None:
        # shutdown() first: it wakes this connection's thread where another one closes it.
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _say(self) -> None:
        octets, self._unsaid = self._unsaid, b""
        if not self._pause:
            self._sock.sendall(octets)
            return
        for octet in octets:
            self._sock.sendall(bytes((octet,)))
            self._rest(self._pause)

    def _rest(self, seconds: float) -> None:
        if self._server.over.wait(seconds):
            raise _Gone

    def _hear(self, most: int = 65_536) -> None:
        data = self._sock.recv(most)
        if not data:
            raise _Gone
        self._server.heard.octets += data
        self._unread += data

    def _hear_until(self, end_of: Callable[[bytes], int]) -> bytes:
        while not (end := end_of(self._unread)):
            self._hear()
        piece, self._unread = self._unread[:end], self._unread[end:]
        return piece

    def _hear_line(self, step: Step) -> None:
        if problem := step.problem(self._hear_until(_end_of_line)):
            self._server.heard.problems.append(problem)
            raise _Gone

    def _hear_content(self, _: Step) -> None:
        self._hear_until(_end_of_content)

    def _hear_octets(self, step: Step) -> None:
        number = int(step.text)
        self._hear_until(lambda unread: number if len(unread) >= number else 0)

    def _stall(self, _: Step) -> None:
        while True:
            self._hear()

    def _drip(self, step: Step) -> None:
        self._pause = float(step.text)

    def _late(self, step: Step) -> None:
        self._rest(float(step.text))

    def _half_close(self, _: Step) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    def _reset(self, _: Step) -> None:
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()
        raise _Gone

    def _sip(self, step: Step) -> None:
        while True:
            self._hear(1)
            self._rest(float(step.text))

    def _deaf(self, _: Step) -> None:
        self._rest(_PATIENCE)

    def _flood(self, step: Step) -> None:
        while not self._server.over.is_set():
            self._sock.sendall(step.octets * 100)

    def _tls(self, _: Step) -> None:
        assert self._server.context is not None, "this script needs a certificate"
        self._sock = self._server.context.wrap_socket(self._sock, server_side=True)

    def _tls_end(self, _: Step) -> None:
        assert isinstance(self._sock, ssl.SSLSocket)
        self._sock.settimeout(0.2)  # whether the client answers the close_notify is its business
        with contextlib.suppress(OSError):
            self._sock.unwrap()
        self.close()


class ScriptedServer:
    """Plays a script for each client that connects, one after the other, on a loopback port of its own.

    Args:
        script: what to play.
        context: the certificate for `tls`.
        appetite: octets that the system takes in for a server that does not read; 0 for the system's choice.
    """

    def __init__(self, script: Script, context: ssl.SSLContext | None = None, *, appetite: int = 0) -> None:
        self.script = script
        self.context = context
        self.heard = Heard()
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        if appetite:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, appetite)
        self.port: int = self._listener.getsockname()[1]
        self._current: _Connection | None = None
        self._thread = threading.Thread(target=self._serve, name="scripted", daemon=True)

    @property
    def busy(self) -> bool:
        """Whether a client is being served."""
        return self._current is not None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._current is not None:
            self._current.close()
        self._thread.join(5)
        assert not self._thread.is_alive(), "the scripted server did not end"

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.heard.connections += 1
            self._current = _Connection(sock, self)
            # Clients hang up, reset and break TLS off: that is what the tests are about.
            with contextlib.suppress(_Gone, OSError, ValueError):
                self._current.play(self.script)
            self._current.close()
            self._current = None


# -- with a client ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def playing(
    script: Script | str,
    place: str = "sockets",
    *,
    context: ssl.SSLContext | None = None,
    appetite: int = 0,
    **options: object,
) -> Iterator[tuple[SmtpClient, Heard]]:
    """A client, not yet connected, of a server that plays the script, and what that server heard.

    Args:
        script: the script, or the name of a session.
        place: one of `PLACES`.
        context: the server's certificate.
        appetite: as for `ScriptedServer`.
        options: for the client; half a second of time-out is the default.
    """
    script = Script.load(script) if isinstance(script, str) else script
    options = {"timeout": 0.5, "local_hostname": "client.example"} | options
    if place == "sockets":
        with ScriptedServer(script, context, appetite=appetite) as server:
            client = SmtpClient(**{"host": "127.0.0.1", "port": server.port} | options)  # type: ignore[arg-type]
            try:
                yield client, server.heard
            finally:
                client.disconnect()
        heard = server.heard
    else:
        heard = Heard()
        chunk = 1 if place.endswith("octet by octet") else 65_536
        client = SmtpClient(stream=lambda: MemoryStream(ScriptedPeer(script, heard), chunk=chunk), **options)  # type: ignore[arg-type]
        yield client, heard
        client.disconnect()
    assert not heard.problems, heard.problems


def session_names() -> list[str]:
    """The scripts there are."""
    return sorted(path.stem for path in SESSIONS.glob("*.txt"))
