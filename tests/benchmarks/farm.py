"""A farm of SMTP servers on loopback, each on a port of its own, each with a character of its own.

    python farm.py HOSTS [--delay 0.05] [--jitter 0.02]

prints one line of JSON with the ports, serves until its standard input ends, and prints one line more: what each port
heard. What a host says follows from its number alone, so `expected` knows it without asking. Nothing lasts for ever:
a host that never stops talking stops after `BOUND` seconds, so that clients without a deadline of their own end too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import random
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, Self

import trustme

#: Seconds after which a hanging or endless host ends the connection.
BOUND: Final = 6.0

#: Seconds that a slow host takes to greet.
SLOW: Final = 1.0

#: Of a thousand hosts, how many are odd, and how. The others are well, in six variants.
ODD: Final = (
    ("slow", 20), ("helo", 20), ("454", 20), ("broken-tls", 20), ("554", 20), ("421", 15), ("close", 15), ("hang", 10),
    ("refuse", 10), ("endless", 5), ("drip", 5),
)  # fmt: skip
VARIANTS: Final = ("tls13", "tls12", "no-starttls", "auth-before", "auth-after", "rich")
_EXTRAS: Final = ("8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8", "CHUNKING", "HELP", "VRFY")


def kind_of(number: int) -> str:
    """The character of a host: odd ones spread evenly among the others."""
    place, start = number * 377 % 1000, 0
    for kind, count in ODD:
        if place < (start := start + count):
            return kind
    return VARIANTS[number % len(VARIANTS)]


def name_of(number: int) -> str:
    return f"h{number}.farm.example"


def keywords(number: int, *, secure: bool) -> list[str]:
    """The EHLO keywords of a host, with their parameters."""
    kind = kind_of(number)
    said = [f"SIZE {1_000_000 + number}"]
    said += [extra for place, extra in enumerate(_EXTRAS) if kind == "rich" or (number >> place) & 1]
    if not secure and kind != "no-starttls":
        said.append("STARTTLS")
    if kind == "auth-before" or (kind in ("auth-after", "rich") and secure):
        said.append("AUTH PLAIN LOGIN" if kind != "rich" else "AUTH PLAIN LOGIN CRAM-MD5")
    return said


def expected(number: int) -> dict[str, Any]:
    """What a client has to find out about a host."""
    kind = kind_of(number)
    greets = kind not in ("close", "hang", "refuse", "endless", "drip")
    status = {"554": "rejected", "421": "rejected", "close": "closed", "hang": "timeout", "refuse": "refused",
              "endless": "timeout", "drip": "timeout"}.get(kind, "up")  # fmt: skip
    talks = status == "up" and kind != "helo"
    tls = None
    if talks and kind != "no-starttls":
        tls = {"454": "refused", "broken-tls": "failed", "tls12": "TLSv1.2"}.get(kind, "TLSv1.3")
    encrypted = tls is not None and tls.startswith("TLS")
    return {
        "status": status,
        "banner": greeting(number)[4:] if greets else None,
        "ehlo": keywords(number, secure=False) if talks else None,
        "ehlo_tls": keywords(number, secure=True) if encrypted else None,
        "tls": tls,
    }


def greeting(number: int) -> str:
    kind = kind_of(number)
    if kind == "554":
        return f"554 {name_of(number)} no SMTP service here"
    if kind == "421":
        return f"421 {name_of(number)} closing"
    return f"220 {name_of(number)} ESMTP number {number}"


# -- the servers -----------------------------------------------------------------------------------------------


class Server(asyncio.Protocol):
    """One connection to one host. Each reply takes its delay."""

    def __init__(self, farm: Farm, number: int) -> None:
        self.farm, self.number, self.kind = farm, number, kind_of(number)
        self.transport: Any = None
        self.unread = b""
        self.secure = self.over = False
        self.log = farm.heard[number]

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.farm.connected(self.number)
        if self.kind == "close":
            self.later(transport.close)
        elif self.kind in ("hang", "endless", "drip"):
            self.farm.loop.call_later(BOUND, transport.abort)
            if self.kind != "hang":
                self.talk_on(0)
        else:
            line = greeting(self.number)
            self.farm.loop.call_later(SLOW if self.kind == "slow" else 0.0, self.say, line)
            if self.kind == "421":
                self.farm.loop.call_later(SLOW, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self.farm.lost(self.number)

    def talk_on(self, count: int) -> None:
        if not self.transport.is_closing():
            said = b"220-and so on\r\n" if self.kind == "endless" else b"220 drip"[count % 8 : count % 8 + 1]
            self.transport.write(said)
            self.farm.loop.call_later(0.2, self.talk_on, count + 1)

    def later(self, call: Any, *arguments: Any) -> None:
        self.farm.loop.call_later(self.farm.pause(), call, *arguments)

    def say(self, *lines: str) -> None:
        self.later(self.write, "".join(f"{line}\r\n" for line in lines).encode())

    def write(self, octets: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(octets)

    def data_received(self, data: bytes) -> None:
        if self.over:
            return
        self.unread += data
        while b"\r\n" in self.unread:
            line, _, self.unread = self.unread.partition(b"\r\n")
            verb = line.split(b" ")[0].upper().decode("ascii", "replace")
            self.log["verbs"].append(verb)
            self.heard(verb)

    def heard(self, verb: str) -> None:
        if verb == "EHLO" and self.kind == "helo":
            self.say("502 5.5.1 not implemented")
        elif verb == "EHLO":
            lines = [name_of(self.number), *keywords(self.number, secure=self.secure)]
            self.say(*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}")
        elif verb == "HELO":
            self.say(f"250 {name_of(self.number)}")
        elif verb == "STARTTLS" and self.kind == "454":
            self.say("454 4.7.0 TLS not available")
        elif verb == "STARTTLS":
            self.later(self.start_tls)
        elif verb == "QUIT":
            self.say("221 2.0.0 bye")
            self.farm.loop.call_later(self.farm.delay + self.farm.jitter, self.transport.close)
        else:
            self.say("500 5.5.1 what?")

    def start_tls(self) -> None:
        self.over = self.kind == "broken-tls"  # a ClientHello is no command
        if not self.over:
            self.transport.pause_reading()  # nor is one that comes before start_tls() listens
        self.transport.write(b"220 2.0.0 go ahead\r\n")
        if self.kind == "broken-tls":
            self.later(self.transport.write, b"\x15\x03\x01\x00\x02\x02\x28")  # fatal alert: handshake_failure
            self.farm.loop.call_later(self.farm.delay * 2 + 0.1, self.transport.close)
            return
        task = self.farm.loop.create_task(self.handshake())
        self.farm.tasks.add(task)
        task.add_done_callback(self.farm.tasks.discard)

    async def handshake(self) -> None:
        self.secure = True  # the first octets inside TLS may come before start_tls() returns
        context = self.farm.contexts["TLSv1.2" if self.kind == "tls12" else "TLSv1.3"]
        with contextlib.suppress(OSError, TimeoutError):
            transport = await self.farm.loop.start_tls(self.transport, self, context, server_side=True)
            if transport is None:
                self.transport.abort()
            else:
                self.transport = transport


class Farm:
    """All the hosts, in one event loop."""

    def __init__(self, hosts: int, delay: float, jitter: float) -> None:
        self.delay, self.jitter = delay, jitter
        self.random = random.Random(1)  # noqa: S311 - jitter
        self.heard = [{"connections": 0, "open": 0, "most": 0, "verbs": []} for _ in range(hosts)]
        self.tasks: set[asyncio.Task[None]] = set()
        self.contexts: dict[str, ssl.SSLContext] = {}
        self.idle: list[socket.socket] = []  # bound and not listening: they refuse
        self.ports: list[int] = []

    def pause(self) -> float:
        return self.delay + self.random.uniform(-self.jitter, self.jitter)

    def connected(self, number: int) -> None:
        log = self.heard[number]
        log["connections"] += 1
        log["open"] += 1
        log["most"] = max(log["most"], log["open"])

    def lost(self, number: int) -> None:
        self.heard[number]["open"] -= 1

    def make_contexts(self, ca_file: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(ca_file)
        leaf = authority.issue_cert("localhost", "127.0.0.1")
        for name, version in (("TLSv1.2", ssl.TLSVersion.TLSv1_2), ("TLSv1.3", ssl.TLSVersion.TLSv1_3)):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = context.maximum_version = version
            leaf.configure_cert(context)
            self.contexts[name] = context

    async def serve(self, ca_file: Path) -> None:
        self.loop = asyncio.get_running_loop()
        self.make_contexts(ca_file)
        for number in range(len(self.heard)):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", 0))
            self.ports.append(sock.getsockname()[1])
            if kind_of(number) == "refuse":
                self.idle.append(sock)
            else:
                await self.loop.create_server(functools.partial(Server, self, number), sock=sock)
        sys.stdout.write(json.dumps({"ports": self.ports, "ca_file": str(ca_file)}) + "\n")
        sys.stdout.flush()
        await self.loop.run_in_executor(None, sys.stdin.read)
        sys.stdout.write(json.dumps(self.heard) + "\n")
        sys.stdout.flush()


class RunningFarm:
    """The farm in a process of its own, until the block ends; then `heard` is what each host heard."""

    def __init__(self, hosts: int, delay: float = 0.05, jitter: float = 0.02) -> None:
        self.hosts = hosts
        command = [sys.executable, __file__, str(hosts), "--delay", str(delay), "--jitter", str(jitter)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.heard: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self.ports: list[int] = said["ports"]
        self.ca_file: str = said["ca_file"]
        return self

    def __exit__(self, *exception: object) -> None:
        out, _ = self._process.communicate("", timeout=20)
        if out:
            self.heard = json.loads(out)

    @property
    def targets(self) -> list[tuple[str, int]]:
        return [("127.0.0.1", port) for port in self.ports]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("hosts", type=int)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--jitter", type=float, default=0.02)
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(Farm(arguments.hosts, arguments.delay, arguments.jitter).serve(Path(folder) / "ca.pem"))


if __name__ == "__main__":
    main()
