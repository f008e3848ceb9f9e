"""How fast the client is, beside its peers, in one run.

    python tests/benchmarks/client.py [--rounds N] [--only WORD]

Each workload is run by every peer in turn, round after round, and the medians are compared: a figure is a ratio, never
a time. Where round trips are measured both ends are pinned to one processor: across two the figure is a lottery of
wake-ups. smtpnb's transcript is on throughout. Needs Linux, Postfix's smtp-sink and smtp-source, and curl.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import hashlib
import io
import os
import shutil
import smtplib
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiosmtplib

sys.path.insert(0, str(Path(__file__).parent))
import sinks  # beside this program; tests are not a package

from smtpnb import SmtpClient
from smtpnb.protocol.reader import ReplyReader
from smtpnb.protocol.reply import reply_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ONE: Final = {0}
SENDER, RECIPIENT = "alice@example.org", "bob@example.org"
LINE = b"A line of a message as people write them, seventy-one octets.........\r\n"
MESSAGE = (b"Subject: benchmark\r\n\r\n" + LINE * 20)[:1022] + b"\r\n"

#: 100 MB in lines of about 70 octets, every second one beginning with a dot.
LARGE_SIZE: Final = 100_000_000


@dataclass
class Workload:
    """Peers that do the same work.

    Attributes:
        name: what is done.
        count: how often in one round, which makes a rate of a time.
        unit: what is counted.
        peers: name → what does it once through; it returns the seconds it took, its set-up left out.
        marks: (ours, peer, ratio): what the ratio should be at least.
    """

    name: str
    count: float
    unit: str
    peers: dict[str, Callable[[], float]]
    marks: list[tuple[str, str, float]]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def run(self, rounds: int) -> None:
        for number in range(rounds + 1):  # the first warms up
            for name, work in self.peers.items():
                gc.collect()
                taken = work()
                if number:
                    self.seconds.setdefault(name, []).append(taken)

    def ratio(self, ours: str, peer: str) -> float:
        """How many times as fast: the median over the rounds of the ratio within a round."""
        pairs = zip(self.seconds[peer], self.seconds[ours], strict=True)
        return statistics.median(theirs / mine for theirs, mine in pairs)

    def report(self) -> Iterator[str]:
        for name, seconds in self.seconds.items():
            rate = self.count / statistics.median(seconds)
            yield f"    {name:<28} {rate:>12,.0f} {self.unit}"
        for ours, peer, mark in self.marks:
            ratio = self.ratio(ours, peer)
            yield f"    {ours} / {peer}: {ratio:.2f}  (mark {mark:g}: {'kept' if ratio >= mark else 'MISSED'})"


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextlib.contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# -- small messages ----------------------------------------------------------------------------------------------


def small_messages(rounds: int, count: int = 1_000) -> Workload:
    with sinks.smtp_sink(cores=ONE) as port, pinned(ONE):
        peers = {
            "raw socket": lambda: raw_messages(port, count, pipelined=False),
            "raw socket, pipelined": lambda: raw_messages(port, count, pipelined=True),
            "smtplib": lambda: smtplib_messages(port, count),
            "aiosmtplib": lambda: asyncio.run(aiosmtplib_messages(port, count)),
            "smtp-source": lambda: source_messages(port, count),
            "curl": lambda: curl_messages(port, count),
            "smtpnb, verb by verb": lambda: verb_messages(port, count),
            "smtpnb.send_mail": lambda: sent_messages(port, count),
        }
        marks = [
            ("smtpnb, verb by verb", "smtplib", 1.0),
            ("smtpnb.send_mail", "smtplib", 2.0),
            ("smtpnb.send_mail", "smtp-source", 1.3),
        ]
        workload = Workload("small messages of 1 KiB, one session", count, "messages/s", peers, marks)
        workload.run(rounds)
    return workload


def raw_messages(port: int, count: int, *, pipelined: bool) -> float:
    envelope = [b"MAIL FROM:<%s>\r\n" % SENDER.encode(), b"RCPT TO:<%s>\r\n" % RECIPIENT.encode(), b"DATA\r\n"]
    steps = [b"".join(envelope)] if pipelined else envelope
    content = MESSAGE + b".\r\n"
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.recv(999)
        raw.sendall(b"EHLO me\r\n")
        raw.recv(999)

        def work() -> None:
            for _ in range(count):
                for step in steps:
                    raw.sendall(step)
                    lines = 0
                    while lines < step.count(b"\n"):
                        lines += raw.recv(4096).count(b"\n")
                raw.sendall(content)
                raw.recv(4096)

        return timed(work)


def smtplib_messages(port: int, count: int) -> float:
    with smtplib.SMTP("127.0.0.1", port, "me") as client:
        client.ehlo()
        return timed(lambda: [client.sendmail(SENDER, [RECIPIENT], MESSAGE) for _ in range(count)])


async def aiosmtplib_messages(port: int, count: int) -> float:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, local_hostname="me", start_tls=False) as client:
        await client.ehlo()
        began = time.perf_counter()
        for _ in range(count):
            await client.sendmail(SENDER, [RECIPIENT], MESSAGE)
        return time.perf_counter() - began


def source_messages(port: int, count: int) -> float:
    program = shutil.which("smtp-source") or "/usr/sbin/smtp-source"
    command = [
        program,
        "-d",
        "-m",
        str(count),
        "-l",
        str(len(MESSAGE)),
        "-f",
        SENDER,
        "-t",
        RECIPIENT,
        f"127.0.0.1:{port}",
    ]
    return timed(lambda: subprocess.run(command, check=True, capture_output=True))


def curl_messages(port: int, count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "message").write_bytes(MESSAGE)
        one = f'url = "smtp://127.0.0.1:{port}/me"\nmail-from = "{SENDER}"\nmail-rcpt = "{RECIPIENT}"\nupload-file = "{folder}/message"\n'
        Path(folder, "config").write_text("next\n".join([one] * count))
        return timed(lambda: subprocess.run(["curl", "-s", "-K", f"{folder}/config"], check=True, capture_output=True))


def verb_messages(port: int, count: int) -> float:
    with SmtpClient("127.0.0.1", port, local_hostname="me") as client:
        client.ehlo()

        def work() -> None:
            for _ in range(count):
                client.mail(SENDER)
                client.rcpt(RECIPIENT)
                client.data()
                assert client.data_body(MESSAGE).code == 250

        return timed(work)


def sent_messages(port: int, count: int) -> float:
    with SmtpClient("127.0.0.1", port, local_hostname="me") as client:
        client.ehlo()
        return timed(lambda: [client.send_mail(SENDER, [RECIPIENT], MESSAGE).raise_for_status() for _ in range(count)])


# -- NOOP ----------------------------------------------------------------------------------------------------------


def noops(rounds: int, count: int = 5_000) -> Workload:
    with sinks.smtp_sink(cores=ONE) as port, pinned(ONE):
        peers = {
            "raw socket": lambda: raw_noops(port, count),
            "smtplib": lambda: smtplib_noops(port, count),
            "smtpnb": lambda: smtpnb_noops(port, count),
        }
        workload = Workload("NOOP round trips", count, "round trips/s", peers, [("smtpnb", "smtplib", 0.8)])
        workload.run(rounds)
    return workload


def raw_noops(port: int, count: int) -> float:
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.recv(999)
        return timed(lambda: [(raw.sendall(b"NOOP\r\n"), raw.recv(999)) for _ in range(count)])


def smtplib_noops(port: int, count: int) -> float:
    with smtplib.SMTP("127.0.0.1", port, "me") as client:
        return timed(lambda: [client.noop() for _ in range(count)])


def smtpnb_noops(port: int, count: int) -> float:
    with SmtpClient("127.0.0.1", port) as client:
        return timed(lambda: [client.noop() for _ in range(count)])


# -- content of 100 MB ---------------------------------------------------------------------------------------------


def large(*, crlf: bool) -> bytes:
    """About 100 MB of lines, every second one beginning with a dot."""
    end = b"\r\n" if crlf else b"\n"
    two = b".leading dot, and then what people write in lines of this length......" + end + b"x" * 69 + end
    return two * (LARGE_SIZE // len(two))


def uploads(rounds: int, *, text: bool) -> Workload:
    """Each peer in a process of its own, which tells its seconds and by how much its memory grew at the most."""
    name = "100 MB of content, LF str" if text else "100 MB of content, CRLF bytes"
    kind = "text" if text else "bytes"
    growth: dict[str, list[float]] = {}
    with sinks.smtp_sink(cores={1}) as port, tempfile.TemporaryDirectory() as folder:

        def by(peer: str) -> float:
            command = [sys.executable, __file__, "--upload", peer, kind, str(port)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            growth.setdefault(peer, []).append(float(said[1]))
            return float(said[0])

        def by_curl() -> float:
            file = Path(folder, "content")
            if not file.exists():
                file.write_bytes(large(crlf=not text))
            url = [f"smtp://127.0.0.1:{port}/me", "--mail-from", SENDER, "--mail-rcpt", RECIPIENT, "-T", str(file)]
            return timed(lambda: subprocess.run(["curl", "-s", *url, *(["--crlf"] if text else [])], check=True))

        # What is made ready beforehand shows how much the sink takes: nobody can be faster than that.
        peers = {
            "raw socket, made ready": lambda: by("raw"),
            "smtplib": lambda: by("smtplib"),
            "curl": by_curl,
            "smtpnb": lambda: by("smtpnb"),
        }
        if not text:
            peers["smtpnb, from a file"] = lambda: by("smtpnb-file")
        workload = Workload(name, LARGE_SIZE / 1e6, "MB/s", peers, [("smtpnb", "smtplib", 3.0)])
        workload.run(rounds)
    for peer, grown in growth.items():
        print(f"    {name}: {peer} grew by {max(grown):.1f} MB at the most")
    return workload


def uploads_unhindered(rounds: int) -> Workload:
    """As `uploads`, to a sink that does nothing but read: smtp-sink looks at each octet, which takes longer."""
    with sinks.running(sinks.reading, cores={1}) as (port, _, _):

        def by(peer: str) -> float:
            command = [sys.executable, __file__, "--upload", peer, "bytes", str(port)]
            return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0])

        peers = {
            "raw socket, made ready": lambda: by("raw"),
            "smtplib": lambda: by("smtplib"),
            "smtpnb": lambda: by("smtpnb"),
            "smtpnb, from a file": lambda: by("smtpnb-file"),
        }
        name = "100 MB of content, CRLF bytes, to a sink that only reads"
        workload = Workload(name, LARGE_SIZE / 1e6, "MB/s", peers, [("smtpnb", "smtplib", 3.0)])
        workload.run(rounds)
    return workload


def upload(peer: str, kind: str, port: int) -> None:
    """One upload, in a process of its own; prints seconds and megabytes of growth."""
    os.sched_setaffinity(0, ONE)
    content = large(crlf=kind == "bytes")
    source: str | bytes | io.BufferedReader = content.decode() if kind == "text" else content
    if peer == "smtpnb-file":
        file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - the process ends with it
        file.write(content)
        file.flush()
        source = Path(file.name).open("rb")  # noqa: SIM115 - likewise
    del content
    gc.collect()
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
    uploads_by = {"smtplib": smtplib_upload, "raw": raw_upload}
    seconds = uploads_by.get(peer, smtpnb_upload)(port, source)
    print(seconds, (resident("VmHWM") - before) / 1e3)


def resident(what: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().split("\n") if line.startswith(what))
    return float(line.split()[1])


def smtplib_upload(port: int, content: object) -> float:
    with smtplib.SMTP("127.0.0.1", port, "me") as client:
        client.ehlo()
        client.mail(SENDER)
        client.rcpt(RECIPIENT)
        return timed(lambda: client.data(content))  # type: ignore[arg-type]  # str or bytes


def raw_upload(port: int, content: object) -> float:
    octets = content.encode() if isinstance(content, str) else content
    assert isinstance(octets, bytes)
    ready = b"." + octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").replace(b"\n.", b"\n..")
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.recv(999)
        for command in (b"EHLO me\r\n", b"MAIL FROM:<me>\r\n", b"RCPT TO:<you>\r\n", b"DATA\r\n"):
            raw.sendall(command)
            raw.recv(999)
        return timed(lambda: (raw.sendall(ready), raw.sendall(b".\r\n"), raw.recv(999)))


def smtpnb_upload(port: int, content: object) -> float:
    with SmtpClient("127.0.0.1", port, timeout=120) as client:
        client.ehlo()
        client.mail(SENDER)
        client.rcpt(RECIPIENT)
        client.data()
        return timed(lambda: client.data_body(content).raise_for_status())  # type: ignore[arg-type]  # as above


def wire_check() -> str:
    """Whether what arrived is what was sent: SHA-256 of the content with CRLF line ends."""
    said = []
    with sinks.running(sinks.hashing, cores={1}) as (port, pipe, _):
        for crlf in (True, False):
            content = large(crlf=crlf)
            smtpnb_upload(port, content if crlf else content.decode())
            whole = content if crlf else content.replace(b"\n", b"\r\n")
            said.append(pipe.recv() == hashlib.sha256(whole).hexdigest())
    return "the same" if all(said) else f"NOT THE SAME: {said}"


# -- parsing -------------------------------------------------------------------------------------------------------


def parsing(rounds: int) -> list[Workload]:
    long = (
        b"".join(b"250-line %d of a long reply, as EXPN gives them\r\n" % n for n in range(999)) + b"250 the last\r\n"
    )
    short = [b"250 2.0.0 Ok: queued as %08X\r\n" % (n * 2_654_435_761 % 2**32) for n in range(1_000)]
    made = []
    with pinned(ONE):
        for name, replies, lines, count, mark in (
            ("parsing a reply of 1,000 lines", [long], 1_000, 50, 1.5),
            ("parsing single replies, each another", short, 1_000, 50, 0.4),
        ):
            peers = {
                "smtplib": lambda replies=replies, count=count: smtplib_parse(replies, count),
                "smtpnb": lambda replies=replies, count=count: smtpnb_parse(replies, count),
            }
            workload = Workload(name, lines * count, "lines/s", peers, [("smtpnb", "smtplib", mark)])
            workload.run(rounds)
            made.append(workload)
    return made


def smtplib_parse(replies: list[bytes], count: int) -> float:
    client = smtplib.SMTP()
    client.file = io.BytesIO(b"".join(replies) * count)  # type: ignore[attr-defined]  # where getreply() reads
    return timed(lambda: [client.getreply() for _ in range(count * len(replies))])


def smtpnb_parse(replies: list[bytes], count: int) -> float:
    reader = ReplyReader()
    reads = [[reply[start : start + 16_384] for start in range(0, len(reply), 16_384)] for reply in replies]

    def work() -> None:
        for _ in range(count):
            for pieces in reads:
                for piece in pieces:
                    raw = reader.take(piece)
                assert raw is not None
                reply_of(*raw).lines  # noqa: B018 - as the client makes it, and its text is cut

    return timed(work)


# -- STARTTLS ------------------------------------------------------------------------------------------------------


def handshakes(rounds: int, count: int = 50) -> Workload:
    with sinks.running(sinks.starttls, cores=ONE) as (port, _, authority), pinned(ONE):
        context = ssl.create_default_context(cafile=authority)

        def by_smtplib() -> None:
            for _ in range(count):
                with smtplib.SMTP("127.0.0.1", port, "me") as client:
                    client.starttls(context=context)

        def by_smtpnb() -> None:
            for _ in range(count):
                with SmtpClient("127.0.0.1", port, local_hostname="me", ssl_context=context) as client:
                    client.ehlo()
                    client.starttls()

        peers = {"smtplib": lambda: timed(by_smtplib), "smtpnb": lambda: timed(by_smtpnb)}
        workload = Workload("STARTTLS: connect to QUIT", count, "sessions/s", peers, [("smtpnb", "smtplib", 0.95)])
        workload.run(rounds)
    return workload


# -- import --------------------------------------------------------------------------------------------------------


def imports(rounds: int) -> Workload:
    def by(statement: str) -> Callable[[], float]:
        return lambda: timed(lambda: subprocess.run([sys.executable, "-c", statement], check=True))

    peers = {"nothing": by("pass"), "smtplib": by("import smtplib"), "smtpnb": by("import smtpnb"),
             "smtpnb.SmtpClient": by("from smtpnb import SmtpClient")}  # fmt: skip
    with pinned(ONE):
        workload = Workload("a Python that imports", 1, "starts/s", peers, [("smtpnb", "smtplib", 1.0)])
        workload.run(rounds)
    return workload


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9, help="counted rounds of each workload")
    parser.add_argument(
        "--only", default="", help="only the workloads with this word: small noop large parse tls import"
    )
    parser.add_argument("--upload", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.upload:
        peer, kind, port = arguments.upload
        return upload(peer, kind, int(port))
    rounds = arguments.rounds
    makers: dict[str, Callable[[], list[Workload]]] = {
        "small": lambda: [small_messages(rounds)],
        "noop": lambda: [noops(rounds)],
        "large": lambda: [
            *(uploads(max(3, rounds // 3), text=text) for text in (False, True)),
            uploads_unhindered(max(3, rounds // 3)),
        ],
        "parse": lambda: parsing(rounds),
        "tls": lambda: [handshakes(rounds)],
        "import": lambda: [imports(2 * rounds)],
    }
    print(f"Python {sys.version.split()[0]}, medians of {rounds} interleaved rounds")
    for word, make in makers.items():
        if arguments.only not in ("", word):
            continue
        for workload in make():
            print(f"\n{workload.name}", *workload.report(), sep="\n", flush=True)
        if word == "large":
            print(f"    SHA-256 of what arrived: {wire_check()}")
    return None


if __name__ == "__main__":
    main()
