"""Turns: many blocking calls in one thread, each going on when its socket is ready, none holding up the others."""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smtpnb import SmtpClient, SmtpTimeout
from smtpnb.explore import turns
from smtpnb.explore.turns import Turns
from smtpnb.transport import waiting
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.endpoint import Endpoint
from smtpnb.transport.sockets import SocketStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Pair = tuple[SocketStream, socket.socket]


@pytest.fixture(params=["the system's best", "select"])
def several(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    """Turns for four calls at once, with each way of waiting there is on some platform."""
    if request.param == "select":
        monkeypatch.setattr(selectors, "DefaultSelector", selectors.SelectSelector)
    executor = Turns(4)
    yield executor
    executor.shutdown(cancel_futures=True)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as sock:
        yield sock


def pair(listener: socket.socket) -> Pair:
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    return SocketStream(near), far


def greeted(port: int, timeout: float = 5) -> str:
    """What a client under way in a turn is greeted with."""
    client = SmtpClient("127.0.0.1", port, timeout=timeout)
    try:
        return client.connect().message
    finally:
        client.disconnect()


def answer(listener: socket.socket, number: int, greeting: bytes) -> threading.Thread:
    """Accepts so many connections, and greets them all in reverse order once the last one is there."""

    def play() -> None:
        there = [listener.accept()[0] for _ in range(number)]
        for sock in reversed(there):
            sock.sendall(greeting)
            sock.close()

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    return thread


def test_result_and_error_of_a_call_are_the_futures(several: Turns) -> None:
    assert several.submit(pow, 2, 10).result(5) == 1024
    with pytest.raises(ZeroDivisionError):
        several.submit(divmod, 1, 0).result(5)
    assert several.submit(int, "7", base=8).result(5) == 7, "one that broke harms no other"


def test_calls_that_wait_for_each_other_all_end(several: Turns, listener: socket.socket) -> None:
    """The greeting comes when all four are connected, and to the last one first: one at a time they would hang."""
    answer(listener, 4, b"220 hi\r\n")
    port = listener.getsockname()[1]
    assert [each.result(5) for each in [several.submit(greeted, port) for _ in range(4)]] == ["hi"] * 4


def test_no_more_are_under_way_than_may_be(several: Turns, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    futures = [several.submit(greeted, port, 5) for _ in range(6)]
    there = [listener.accept()[0] for _ in range(4)]
    listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        listener.accept()
    listener.settimeout(5)
    there[2].sendall(b"220 hi\r\n")
    there.append(listener.accept()[0])  # its place was taken
    for sock in there:
        sock.close()
    listener.accept()[0].close()
    assert len(wait(futures, 5).done) == 6


def test_each_wait_ends_by_its_own_deadline(several: Turns, listener: socket.socket) -> None:
    pairs = [pair(listener) for _ in range(3)]

    def late(sock: socket.socket, seconds: float) -> float:
        began = time.monotonic()
        with pytest.raises(SmtpTimeout):
            SocketStream(sock).read(Deadline(seconds))
        return time.monotonic() - began

    ends = [socket.create_connection(listener.getsockname()) for _ in pairs]
    futures = [several.submit(late, sock, seconds) for sock, seconds in zip(ends, (0.5, 0.1, 0.3), strict=True)]
    for future, seconds in zip(futures, (0.5, 0.1, 0.3), strict=True):
        assert seconds - 0.01 < future.result(5) < seconds + 0.2
    for stream, far in pairs:
        stream.close()
        far.close()
    for sock in ends:
        sock.close()


def test_connection_that_is_refused_or_never_comes_about(several: Turns) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = several.submit(greeted, unused.getsockname()[1])
        assert "refused the connection" in str(refused.exception(5))


def test_several_sockets_ready_at_once_go_on_once(several: Turns, listener: socket.socket) -> None:
    """As when two addresses of a name connect at the same moment."""
    ones, others = pair(listener), pair(listener)

    def both() -> tuple[bool, bool]:
        scheduler = waiting.scheduler()
        assert scheduler is not None
        sockets = {each[1].fileno(): selectors.EVENT_WRITE for each in (ones, others)}
        first = scheduler.wait(sockets, 5)
        return first, scheduler.wait({ones[1].fileno(): selectors.EVENT_READ}, 0.1)

    assert several.submit(both).result(5) == (True, False)
    for stream, far in (ones, others):
        stream.close()
        far.close()


def test_ending_them_ends_what_waits_and_closes_its_connection(listener: socket.socket) -> None:
    executor = Turns(2)
    port = listener.getsockname()[1]
    futures: list[Future[str]] = [executor.submit(greeted, port, 60) for _ in range(3)]
    there = [listener.accept()[0] for _ in range(2)]
    began = time.monotonic()
    executor.shutdown(cancel_futures=True)
    assert time.monotonic() - began < 1
    for sock in there:
        sock.settimeout(1)
        assert sock.recv(100) == b"", "closed, and not a word said"
        sock.close()
    assert futures[2].cancelled()
    assert all(future.exception(1) is not None for future in futures[:2])


def test_shutdown_lets_what_was_begun_end(listener: socket.socket) -> None:
    executor = Turns(1)
    answer(listener, 1, b"220 hi\r\n")
    future = executor.submit(greeted, listener.getsockname()[1])
    second = executor.submit(pow, 2, 3)
    executor.shutdown()
    assert (future.result(0), second.result(0)) == ("hi", 8)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(pow, 2, 3)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_selector_that_breaks_ends_everything_and_hangs_nobody(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = Turns(1)
    futures = [executor.submit(greeted, listener.getsockname()[1], 60) for _ in range(2)]
    sock = listener.accept()[0]
    monkeypatch.setattr(executor, "_patience", lambda: "nonsense")
    sock.sendall(b"2")  # it goes on, and waits again
    assert isinstance(futures[0].exception(5), RuntimeError)
    _until(futures[1].cancelled)
    with pytest.raises(RuntimeError):
        executor.submit(pow, 2, 3)
    executor.shutdown()
    sock.close()


def test_shutdown_at_once_still_runs_what_was_submitted() -> None:
    for _ in range(200):
        executor = Turns(1)
        future = executor.submit(pow, 2, 3)
        executor.shutdown()
        assert future.result(0) == 8


def test_future_that_was_cancelled_in_time_is_never_called(listener: socket.socket) -> None:
    executor = Turns(1)
    called: list[int] = []
    first = executor.submit(greeted, listener.getsockname()[1])
    second = executor.submit(called.append, 1)
    assert second.cancel()
    listener.accept()[0].close()
    first.exception(5)
    executor.shutdown()
    assert called == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists a program's open files there")
def test_nothing_is_left_open(listener: socket.socket) -> None:
    before, threads = _descriptors(), threading.active_count()
    for _ in range(3):
        executor = Turns(8)
        answer(listener, 8, b"220 hi\r\n").join(0)
        for each in [executor.submit(greeted, listener.getsockname()[1]) for _ in range(8)]:
            assert each.result(5) == "hi"
        executor.shutdown()
    _until(lambda: (_descriptors(), threading.active_count()) == (before, threads))


def test_hundreds_of_connections_take_one_thread(listener: socket.socket) -> None:
    executor = Turns(400)
    threads = threading.active_count()
    answer(listener, 400, b"220 hi\r\n")
    futures = [executor.submit(greeted, listener.getsockname()[1]) for _ in range(400)]
    assert threading.active_count() <= threads + 1
    assert [each.result(20) for each in futures] == ["hi"] * 400
    executor.shutdown()


def test_select_takes_no_more_than_it_can(monkeypatch: pytest.MonkeyPatch, listener: socket.socket) -> None:
    monkeypatch.setattr(selectors, "DefaultSelector", selectors.SelectSelector)
    monkeypatch.setattr(turns, "_MOST_SELECTED", 2)
    executor = Turns(1000)
    futures = [executor.submit(greeted, listener.getsockname()[1]) for _ in range(3)]
    there = [listener.accept()[0] for _ in range(2)]
    listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        listener.accept()
    executor.shutdown(cancel_futures=True)
    for sock in there:
        sock.close()
    assert futures[2].cancelled()


def test_thread_that_waits_by_itself_is_not_touched(listener: socket.socket) -> None:
    executor = Turns(1)
    executor.submit(pow, 1, 1).result(5)
    assert waiting.scheduler() is None
    thread = answer(listener, 1, b"220 hi\r\n")
    assert greeted(listener.getsockname()[1]) == "hi"
    thread.join(5)
    executor.shutdown()


LEFT = """
import socket, time
from smtpnb import SmtpClient
from smtpnb.explore.turns import Turns
with socket.create_server(("127.0.0.1", 0)) as silent:
    turns = Turns(3)
    for _ in range(3):
        turns.submit(SmtpClient("127.0.0.1", silent.getsockname()[1], timeout=60).connect)
    time.sleep(0.1)
"""


def test_program_that_ends_while_calls_are_under_way_ends_soon_and_whole() -> None:
    """A thread with greenlets that the interpreter does not wait for can crash it on its way out."""
    for _ in range(3):
        began = time.monotonic()
        assert subprocess.run([sys.executable, "-c", LEFT], check=False, timeout=30).returncode == 0
        assert time.monotonic() - began < 15


def test_literal_address_is_resolved_without_a_wait() -> None:
    """What does wait, a name, would hold up all the others: the survey looks names up elsewhere."""
    from smtpnb.transport.connecting import resolved

    executor = Turns(1)
    (address,) = executor.submit(resolved, Endpoint.of("127.0.0.1", 25), Deadline(5)).result(5)
    assert address.sockaddr == ("127.0.0.1", 25)
    executor.shutdown()


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _until(true: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
