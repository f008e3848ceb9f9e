"""TCP: every wait ends by the deadline, an end is an end and a break is a break, nothing is left open."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING

import pytest

from smtpnb.errors import SmtpDisconnected, SmtpError, SmtpTimeout
from smtpnb.transport import sockets
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.sockets import SocketStream

if TYPE_CHECKING:
    from collections.abc import Iterator

Ends = tuple[SocketStream, socket.socket]


@pytest.fixture(params=["naps", "polls", "selects"])
def ends(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    """Both ends of a TCP connection, with each way of waiting there is on some platform."""
    if request.param != "naps":
        monkeypatch.setattr(sockets, "_nap_in_reads", lambda _: False)
    if request.param == "selects":
        monkeypatch.delattr(select, "poll", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    far.settimeout(5)
    stream = SocketStream(near)
    yield stream, far
    stream.close()
    far.close()


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    time.sleep(0.02)


def test_octets_go_both_ways(ends: Ends) -> None:
    stream, far = ends
    assert stream.write(b"NOOP\r\n", Deadline(1))
    assert far.recv(100) == b"NOOP\r\n"
    far.sendall(b"250 ok\r\n")
    assert stream.read(Deadline(1)) == b"250 ok\r\n"
    assert stream.address == far.getsockname()
    assert stream.local_address == "127.0.0.1"
    assert stream.tls is None


def test_reading_ends_by_the_deadline(ends: Ends) -> None:
    began = time.monotonic()
    with pytest.raises(SmtpTimeout, match=r"0\.2 seconds"):
        ends[0].read(Deadline(0.2))
    assert 0.19 < time.monotonic() - began < 0.6


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_reading_goes_on_over_slices_and_ends_within_one(ends: Ends, seconds: float) -> None:
    began = time.monotonic()
    with pytest.raises(SmtpTimeout):
        ends[0].read(Deadline(seconds))
    assert seconds - 0.01 < time.monotonic() - began < seconds + 0.15


def test_reading_waits_as_long_as_it_may(ends: Ends) -> None:
    stream, far = ends
    timer = threading.Timer(0.45, far.sendall, [b"220 late\r\n"])
    timer.start()
    assert stream.read(Deadline(5)) == b"220 late\r\n"


def test_deadline_that_passed_already_is_a_time_out_at_once(ends: Ends) -> None:
    deadline = Deadline(0.01)
    time.sleep(0.02)
    with pytest.raises(SmtpTimeout):
        ends[0].read(deadline)


@pytest.mark.parametrize("watch", [False, True])
def test_writing_to_a_peer_that_does_not_read_ends_by_the_deadline(ends: Ends, watch: bool) -> None:
    began = time.monotonic()
    with pytest.raises(SmtpTimeout, match="sending"):
        ends[0].write(b"x" * 50_000_000, Deadline(0.2), watch=watch)
    assert 0.19 < time.monotonic() - began < 0.8


def test_short_writes_send_every_octet_once_in_order(ends: Ends) -> None:
    """The ancestor sent the whole buffer again after a short write."""
    stream, far = ends
    octets = b"".join(b"%07d\n" % number for number in range(1_000_000))
    received = bytearray()

    def read_slowly() -> None:
        while len(received) < len(octets):
            received.extend(far.recv(50_000))

    thread = threading.Thread(target=read_slowly)
    thread.start()
    assert stream.write(octets, Deadline(20))
    thread.join(10)
    assert received == octets


def test_watched_write_stops_before_the_first_octet_when_the_peer_spoke(ends: Ends) -> None:
    stream, far = ends
    far.sendall(b"552 no\r\n")
    time.sleep(0.02)
    assert not stream.write(b"content", Deadline(1), watch=True)
    far.setblocking(False)
    with pytest.raises(BlockingIOError):
        far.recv(1)
    assert stream.read(Deadline(1)) == b"552 no\r\n"


def test_watched_write_stops_in_the_middle_when_the_peer_speaks(ends: Ends) -> None:
    stream, far = ends
    threading.Timer(0.05, far.sendall, (b"552 no\r\n",)).start()
    began = time.monotonic()
    assert stream.write(b"x" * 50_000_000, Deadline(5), watch=True) < 50_000_000
    assert time.monotonic() - began < 2
    assert stream.read(Deadline(1)) == b"552 no\r\n"


def test_proper_end_is_empty_and_stays_so(ends: Ends) -> None:
    stream, far = ends
    far.sendall(b"221 bye\r\n")
    far.close()
    assert stream.read(Deadline(1)) == b"221 bye\r\n"
    assert stream.read(Deadline(1)) == b""
    assert stream.waiting()


def test_reset_is_no_end(ends: Ends) -> None:
    stream, far = ends
    reset(far)
    with pytest.raises(SmtpDisconnected):
        stream.read(Deadline(1))


@pytest.mark.parametrize("watch", [False, True])
def test_writing_after_a_reset_is_our_error(ends: Ends, watch: bool) -> None:
    stream, far = ends
    reset(far)
    with pytest.raises(SmtpDisconnected):
        stream.write(b"x", Deadline(1), watch=watch)


def test_looking_after_a_reset_is_our_error(ends: Ends) -> None:
    stream, far = ends
    reset(far)
    with pytest.raises(SmtpDisconnected):
        stream.waiting()


def test_socket_reset_before_use_is_our_error_and_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    reset(far)
    with pytest.raises(SmtpError):
        SocketStream(near).read(Deadline(1))
    assert near.fileno() == -1


def test_waiting_never_waits_and_loses_nothing(ends: Ends) -> None:
    stream, far = ends
    began = time.monotonic()
    assert not stream.waiting()
    assert time.monotonic() - began < 0.1
    far.sendall(b"250 ok\r\n")
    time.sleep(0.02)
    assert stream.waiting()
    assert stream.waiting()
    assert stream.read(Deadline(1)) == b"250 ok\r\n"
    assert not stream.waiting()


def test_closing_is_idempotent_and_ends_everything(ends: Ends) -> None:
    stream, far = ends
    stream.close()
    stream.close()
    assert far.recv(1) == b""
    for use in (lambda: stream.read(Deadline(0.2)), lambda: stream.write(b"x", Deadline(0.2)), stream.waiting):
        with pytest.raises(SmtpDisconnected):
            use()


def test_closing_from_another_thread_ends_a_wait_at_once(ends: Ends) -> None:
    stream, _ = ends
    threading.Timer(0.05, stream.close).start()
    began = time.monotonic()
    try:
        assert stream.read(Deadline(5)) == b""
    except SmtpDisconnected:
        pass
    assert time.monotonic() - began < 1


def test_more_than_1024_descriptors_do_not_matter(ends: Ends) -> None:
    """select() ends there; poll() does not."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("this machine allows too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    others = [socket.socket() for _ in range(1100)]
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            near = socket.create_connection(listener.getsockname())
            far, _ = listener.accept()
        stream = SocketStream(near)
        assert near.fileno() > 1024
        far.sendall(b"220 hi\r\n")
        assert stream.read(Deadline(1)) == b"220 hi\r\n"
        stream.close()
        far.close()
    finally:
        for other in others:
            other.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
