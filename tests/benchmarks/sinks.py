"""Servers to measure against: Postfix's smtp-sink, and three of stdlib sockets for what it does not do.

Each runs in a process of its own, pinned to the processors that the caller names, on a port of the system's choice.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

#: Octets per read: as much as loopback gives.
_READ = 1 << 20

# Spawned: what the benchmarks have in memory must not be the sink's too.
_PROCESSES = multiprocessing.get_context("spawn")


@contextlib.contextmanager
def smtp_sink(*options: str, cores: set[int]) -> Iterator[int]:
    """The port of Postfix's smtp-sink, which throws away what it is sent."""
    program = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = int(found.getsockname()[1])
    sink = subprocess.Popen(
        [program, "-u", "nobody", *options, f"127.0.0.1:{port}", "128"],
        preexec_fn=lambda: os.sched_setaffinity(0, cores),  # noqa: PLW1509 - no threads run here
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        yield port
    finally:
        sink.kill()
        sink.wait()


def _await(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise SystemExit(f"no sink answers at port {port}")


@contextlib.contextmanager
def running(serve: Callable[[Connection, str], None], *, cores: set[int]) -> Iterator[tuple[int, Connection, Path]]:
    """A sink of ours in its own process: its port, a pipe to it, and the file of the CA it shows."""
    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(f"{folder}/ca.pem")
        authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA).private_key_and_cert_chain_pem.write_to_path(
            f"{folder}/server.pem"
        )
        here, there = _PROCESSES.Pipe()
        process = _PROCESSES.Process(target=_pinned, args=(serve, there, folder, cores), daemon=True)
        process.start()
        there.close()
        try:
            yield here.recv(), here, Path(folder, "ca.pem")
        finally:
            process.terminate()
            process.join()
            here.close()


def _pinned(serve: Callable[[Connection, str], None], pipe: Connection, folder: str, cores: set[int]) -> None:
    os.sched_setaffinity(0, cores)
    serve(pipe, folder)


def hashing(pipe: Connection, _: str) -> None:
    """Takes one session after another; sends the SHA-256 of each content, transparency undone, through the pipe."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        pipe.send(server.getsockname()[1])
        while True:
            connection, _address = server.accept()
            with connection, contextlib.suppress(OSError):
                _one_session(connection, pipe)


def _one_session(connection: socket.socket, pipe: Connection) -> None:
    connection.sendall(b"220 hash\r\n")
    while command := connection.recv(65_536):
        verb = command[:4].upper()
        if verb == b"DATA":
            connection.sendall(b"354 go\r\n")
            pipe.send(_hash_of_content(connection))
        connection.sendall(b"250 ok\r\n" if verb != b"QUIT" else b"221 bye\r\n")


def _hash_of_content(connection: socket.socket) -> str:
    """The SHA-256 of the content, read to the lone dot, its stuffed dots taken off."""
    digest = hashlib.sha256()
    held = b""
    while octets := connection.recv(_READ):
        held += octets
        end = held.rfind(b"\r\n") + 2
        if end < 2:
            continue
        lines, held = b"\r\n" + held[:end], held[end:]
        whole = lines.endswith(b"\r\n.\r\n")  # nobody says more before this is answered
        digest.update((lines[:-3] if whole else lines).replace(b"\r\n.", b"\r\n")[2:])
        if whole:
            return digest.hexdigest()
    return "the connection ended first"


def reading(pipe: Connection, _: str) -> None:
    """Takes one session after another and throws away what it is sent, as fast as the system hands it over."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        pipe.send(server.getsockname()[1])
        taken = memoryview(bytearray(_READ))
        while True:
            connection, _address = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"220 reads\r\n")
                while size := connection.recv_into(taken):
                    _answer_to(connection, taken, size)


def _answer_to(connection: socket.socket, taken: memoryview, size: int) -> None:
    """Answers a command; to DATA, reads on to the lone dot before it does."""
    verb = bytes(taken[:4]).upper()
    if verb != b"DATA":
        return connection.sendall(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
    connection.sendall(b"354 go\r\n")
    tail = b""
    while tail != b"\r\n.\r\n" and (size := connection.recv_into(taken)):
        tail = (tail + bytes(taken[max(0, size - 5) : size]))[-5:]
    return connection.sendall(b"250 ok\r\n")


def starttls(pipe: Connection, folder: str) -> None:
    """Answers EHLO, STARTTLS and QUIT; one connection at a time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.pem")
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        pipe.send(server.getsockname()[1])
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with contextlib.suppress(OSError), connection:
                _tls_session(connection, context)


def _tls_session(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.sendall(b"220 tls\r\n")
    while command := connection.recv(4_096):
        verb = command[:4].upper()
        if verb == b"EHLO":
            connection.sendall(b"250-tls\r\n250 STARTTLS\r\n")
        elif verb == b"STAR":
            connection.sendall(b"220 go\r\n")
            connection = context.wrap_socket(connection, server_side=True)
        elif verb == b"QUIT":
            connection.sendall(b"221 bye\r\n")
            return connection.close()
        else:
            connection.sendall(b"250 ok\r\n")
    return None
