"""A peer in memory behaves like one at the other end of a wire, without time."""

from __future__ import annotations

import ssl
import time

import pytest
from scripted import Script, ScriptedPeer

from smtpnb.errors import SmtpDisconnected, SmtpTimeout, SmtpTlsError
from smtpnb.transport.deadline import Deadline
from smtpnb.transport.memory import MemoryStream


def stream(script: str, chunk: int = 65_536) -> tuple[MemoryStream, ScriptedPeer]:
    peer = ScriptedPeer(Script.parse(script))
    return MemoryStream(peer, chunk=chunk), peer


SOON = Deadline(30.0)


def test_octets_come_in_chunks() -> None:
    memory, _ = stream("S: 220 hi", chunk=3)
    pieces = []
    while memory.waiting():
        pieces.append(memory.read(SOON))
    assert pieces == [b"220", b" hi", b"\r\n"]


def test_silence_ends_at_once_with_the_time_out() -> None:
    memory, _ = stream("stall")
    began = time.monotonic()
    with pytest.raises(SmtpTimeout, match="30 seconds"):
        memory.read(SOON)
    assert time.monotonic() - began < 1


def test_what_came_before_the_end_is_read_before_the_end() -> None:
    memory, _ = stream("S: 421 bye\nclose")
    assert memory.read(SOON) == b"421 bye\r\n"
    assert memory.waiting()
    assert memory.read(SOON) == b""
    with pytest.raises(SmtpDisconnected):
        memory.write(b"NOOP\r\n", SOON)


def test_watched_write_stops_when_the_peer_spoke_or_left() -> None:
    memory, peer = stream("S: 220 hi")
    assert not memory.write(b"x", SOON, watch=True)
    assert peer.heard.octets == b""
    memory.read(SOON)
    assert memory.write(b"x", SOON, watch=True)
    assert peer.heard.octets == b"x"
    assert not stream("close")[0].write(b"x", SOON, watch=True)


def test_there_is_no_tls_in_memory() -> None:
    memory, _ = stream("S: 220 hi")
    assert memory.tls is None
    with pytest.raises(SmtpTlsError):
        memory.start_tls(ssl.create_default_context(), "x", SOON)
    with pytest.raises(SmtpDisconnected):
        memory.read(SOON)


def test_closed_stream_neither_reads_nor_writes() -> None:
    memory, peer = stream("S: 220 hi")
    memory.close()
    memory.close()
    for use in (
        lambda: memory.read(SOON),
        lambda: memory.write(b"x", SOON),
        lambda: memory.write(b"x", SOON, watch=True),
    ):
        with pytest.raises(SmtpDisconnected):
            use()
    assert peer.heard.octets == b""


def test_it_is_at_no_address_of_the_network() -> None:
    assert stream("stall")[0].address == ("memory", 0)
    assert stream("stall")[0].local_address == "127.0.0.1"
