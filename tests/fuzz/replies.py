"""Octets at random against the reader, the client and its mask, for as long as you like.

    python tests/fuzz/replies.py [--seconds N] [--seed N]

The test suite holds the same properties for minutes at the most; this runs them over night. Each round makes octets
that are nearly SMTP (real replies, cut, joined, repeated, with a few octets changed), and holds against them:

- however they are split, the reader gives the same replies, then the same error or none;
- the client ends every call with a reply or an SmtpError, on a connection that is dead after any error;
- the cost is linear: a round that takes long is a finding;
- a password that the server echoes is nowhere in what is shown.

A finding is printed with the seed and the round that make it again, and the program ends with status 1.
"""

from __future__ import annotations

import argparse
import base64
import random
import sys
import time
import traceback
from typing import Final

from smtpnb import SmtpClient, SmtpError, SmtpProtocolError
from smtpnb.protocol.reader import ReplyReader
from smtpnb.text import visible
from smtpnb.transport.memory import MemoryStream

SEEDS: Final = (
    b"220 mx.example ESMTP\r\n", b"250 ok\r\n", b"250-mx.example\r\n250-SIZE 1000\r\n250 HELP\r\n", b"354 go\r\n", b"334 VXNlcm5hbWU6\r\n",
    b"235 2.7.0 ok\r\n", b"421 4.3.2 bye\r\n", b"550-5.1.1 no\r\n550 5.1.1 none\r\n", b"250\r\n", b"HTTP/1.1 400 Bad\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x46",
    b"250-" + b"x" * 20_000, b"250-x\r\n" * 500, b"\xff\xfe", b"25", b"\r\n", b"\n", b"\r", b"+25 x\r\n", b"2_5 x\r\n", b"250-a\r\n251 b\r\n",
)  # fmt: skip
PASSWORD: Final = "wonderland"
SECRETS: Final = (PASSWORD.encode(), b"\0alice\0wonderland")


def base64_of(secret: bytes, shift: int) -> bytes:
    """The base64 characters that `secret` alone determines, `shift` octets into a group of three."""
    return base64.b64encode(b"\0" * shift + secret)[-(-shift * 8 // 6) : (shift + len(secret)) * 8 // 6]


ECHOES: Final = (SECRETS[0], *[base64_of(secret, shift) for secret in SECRETS for shift in range(3)])

#: Seconds that one round may take: it is milliseconds, but machines stall.
SLOW: Final = 5.0


def octets(chance: random.Random) -> bytes:
    """Something that is nearly SMTP."""
    parts = [chance.choice(SEEDS) for _ in range(chance.randint(0, 12))]
    if chance.random() < 0.3:
        parts.insert(chance.randint(0, len(parts)), b"535 you said " + chance.choice(ECHOES) + b"\r\n")
    data = bytearray(b"".join(parts))
    for _ in range(chance.choice((0, 0, 1, 2, 8))):
        if data:
            at = chance.randrange(len(data))
            data[at : at + chance.choice((0, 1, 1, 3))] = chance.randbytes(chance.choice((0, 1, 1, 2)))
    return bytes(data)


def split(data: bytes, chance: random.Random) -> list[bytes]:
    cuts = sorted(chance.randint(0, len(data)) for _ in range(chance.randint(0, 20)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def told(pieces: list[bytes]) -> list[object]:
    """What a reader makes of the pieces: replies, then the error or what is pending."""
    reader = ReplyReader()
    seen: list[object] = []
    try:
        for piece in pieces:
            if (reply := reader.take(piece)) is not None:
                seen.append(reply)
            while (reply := reader.next_reply()) is not None:
                seen.append(reply)
    except SmtpProtocolError as error:
        return [*seen, str(error)]
    return [*seen, reader.pending]


class Peer:
    """Says a part of the octets at every turn, then hangs up."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = list(pieces)

    def end(self) -> None:
        """The client's end changes nothing."""

    def greet(self) -> list[bytes | None]:
        return [self._pieces.pop(0) if self._pieces else None]

    def receive(self, data: bytes) -> list[bytes | None]:
        return [self._pieces.pop(0) if self._pieces else None]


CALLS: Final = (
    lambda client: client.ehlo(), lambda client: client.noop(), lambda client: client.auth_plain("alice", PASSWORD),
    lambda client: client.mail("a@b"), lambda client: client.data(), lambda client: client.data_body("x\n.\ny"), lambda client: client.vrfy("x"),
    lambda client: client.send_mail("a@b", ["c@d", "e@f"], "Subject: x\n\nx"), lambda client: client.get_response("HELP"),
    lambda client: client.bdat(b"xyz", last=True), lambda client: client.rset(), lambda client: client.quit(),
)  # fmt: skip


def check_reader(data: bytes, chance: random.Random) -> None:
    whole, torn = told([data]), told(split(data, chance))
    errors = [isinstance(seen[-1], str) for seen in (whole, torn)]
    assert errors[0] == errors[1], f"{whole!r} against {torn!r}"
    assert whole[:-1] == torn[:-1], f"{whole!r} against {torn!r}"


def check_client(data: bytes, chance: random.Random) -> None:
    peer = Peer([b"220 hi\r\n", *split(data, chance)])
    client = SmtpClient("fuzz.example", stream=MemoryStream(peer, chunk=chance.choice((1, 7, 65_536))), timeout=1)
    shown = []
    try:
        client.connect()
        shown.append(repr(client.auth_plain("alice", PASSWORD)))  # from here on it is to be hidden
        for _ in range(chance.randint(1, 8)):
            shown.append(repr(chance.choice(CALLS)(client)))  # noqa: PERF401 - what came before an error counts
    except SmtpError as error:
        shown += [repr(error), error.to_text()]
        assert not client.connected or "nothing was sent" in str(error), f"alive after {error!r}"
    shown += [
        repr(client),
        client.transcript.to_text(),
        client.transcript.to_json(),
        client.transcript._repr_html_() or "",
    ]
    for text in shown:
        assert not any(echo.decode() in text for echo in ECHOES), text
    assert all(visible(line) == line for line in client.transcript.to_text().split("\n"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    until, number = time.monotonic() + arguments.seconds, 0
    while time.monotonic() < until:
        number += 1
        chance = random.Random(f"{arguments.seed}/{number}")  # noqa: S311 - to be made again, not to be secret
        data = octets(chance)
        began = time.monotonic()
        try:
            check_reader(data, chance)
            check_client(data, chance)
            assert time.monotonic() - began < SLOW, "slow"
        except Exception:  # noqa: BLE001 - any is a finding
            traceback.print_exc()
            print(f"seed {arguments.seed}, round {number}: {data!r}")
            return 1
    print(f"{number:,} rounds from seed {arguments.seed}, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
