"""Every address of a name: each asked once, in its turn, and held against the others. The resolver is a fake one."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

from smtpnb import ProbeReport, Sandbox, Survey, probe, survey
from smtpnb.explore import addresses, manners, surveying

if TYPE_CHECKING:
    from pathlib import Path

V4, V6, OTHER_V4 = "127.0.0.1", "::1", "127.0.0.2"


def has(ip: str) -> bool:
    """Whether this machine has the address; 127.0.0.2 is there on Linux alone."""
    try:
        socket.create_server((ip, 0), family=socket.AF_INET6 if ":" in ip else socket.AF_INET).close()
    except OSError:
        return False
    return True


pytestmark = pytest.mark.skipif(not (has(V6) and has(OTHER_V4)), reason="needs ::1 and 127.0.0.2")


class Servers:
    """A server at each address, all at one port: says `greeting`, answers EHLO with its keywords."""

    def __init__(self, offers: dict[str, list[str]], greeting: dict[str, str] | None = None) -> None:
        self.offers, self.greeting = offers, greeting or {}
        self.starts: dict[str, list[float]] = {ip: [] for ip in offers}
        self.listeners: dict[str, socket.socket] = {}
        self.port = 0
        for ip in offers:
            family = socket.AF_INET6 if ":" in ip else socket.AF_INET
            self.listeners[ip] = socket.create_server((ip, self.port), family=family)
            self.port = self.listeners[ip].getsockname()[1]
        self.threads = [threading.Thread(target=self.serve, args=(ip,), daemon=True) for ip in offers]

    def serve(self, ip: str) -> None:
        while True:
            try:
                client, _ = self.listeners[ip].accept()
            except OSError:
                return
            self.starts[ip].append(time.monotonic())
            with contextlib.suppress(OSError), client, client.makefile("rb") as lines:
                client.sendall(f"{self.greeting.get(ip, '220 mx.two.test ready')}\r\n".encode())
                for line in lines:
                    if line.startswith(b"EHLO"):
                        said = ["mx.two.test", *self.offers[ip]]
                        marks = ["-"] * (len(said) - 1) + [" "]
                        answer = [f"250{mark}{text}\r\n" for mark, text in zip(marks, said, strict=True)]
                        client.sendall("".join(answer).encode())
                    else:
                        client.sendall(b"221 bye\r\n")

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self.listeners.values():
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self.threads:
            thread.join(5)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Name → addresses, for `probe` and `survey` alike."""
    names: dict[str, list[str]] = {}

    def looked_up(host: str, port: int, seconds: float, nonce: str = "") -> dict[str, Any]:
        ips = names.get(host, [])
        return {"ips": ips, "reason": "" if ips else "no address", "seconds": 0.0}

    looked_up.__name__ = "look_up"
    monkeypatch.setattr(surveying, "look_up", looked_up)
    monkeypatch.setattr(addresses, "look_up", looked_up)
    return names


def surveyed(targets: Any, **options: Any) -> Survey:
    return survey(targets, **({"timeout": 2.0, "progress": False, "every_address": True} | options))


def both_ways(host: str, port: int) -> list[ProbeReport]:
    """What `probe` and `survey` find, which has to be the same."""
    one = probe(host, port, timeout=2.0, every_address=True)
    assert isinstance(one, ProbeReport)
    (other,) = surveyed([(host, port)]).reports
    assert other == one
    return [one, other]


SAME = ["SIZE 1000", "8BITMIME"]


@pytest.mark.parametrize(
    ("offers", "ips", "expected"),
    [
        ({V6: SAME, V4: SAME}, [V6, V4], ("pass", "all 2 addresses alike")),
        ({V6: SAME, V4: ["HELP"]}, [V6, V4], ("fail", "different keywords")),
        ({V4: SAME}, [V6, V4], ("fail", "::1 did not answer, others did")),
        ({V4: SAME}, [V4, V6], ("fail", "::1 did not answer, others did")),
        ({V4: SAME, OTHER_V4: SAME}, [V4, OTHER_V4], ("warn", "A alone")),
        ({V4: SAME}, [V4], ("warn", "A alone")),
        ({V6: SAME}, [V6], ("warn", "AAAA alone")),
    ],
)
def test_addresses_are_held_against_each_other(
    offers: dict[str, list[str]], ips: list[str], expected: tuple[str, str], resolver: dict[str, list[str]]
) -> None:
    with Servers(offers) as servers:
        resolver["mx.two.test"] = ips
        reports = both_ways("mx.two.test", servers.port)
        assert all(len(starts) == 2 for starts in servers.starts.values())  # once by each
    for report in reports:
        assert report.status == "up"
        asked = {each.address and each.address[0]: each.status for each in (report, *(report.others or ()))}
        assert asked == {ip: "up" if ip in offers else "refused" for ip in ips}
        finding = report.finding("R16")
        assert (finding.status, expected[1] in finding.evidence) == (expected[0], True), finding
        assert all(each.findings and each.others is None for each in report.others or ())


def test_by_default_one_address_is_asked(resolver: dict[str, list[str]]) -> None:
    with Servers({V6: SAME, V4: SAME}) as servers:
        resolver["mx.two.test"] = [V6, V4]
        (report,) = surveyed([("mx.two.test", servers.port)], every_address=False).reports
        assert {ip: len(starts) for ip, starts in servers.starts.items()} == {V6: 1, V4: 0}
    assert (report.others, report.finding("R16").status) == (None, "unknown")
    assert report.record()["other_addresses"] is None


def test_addresses_shared_by_names_are_asked_once(resolver: dict[str, list[str]]) -> None:
    with Servers({V6: SAME, V4: SAME, OTHER_V4: ["HELP"]}) as servers:
        resolver |= {"a.test": [V6, V4], "b.test": [V4, V6], "c.test": [OTHER_V4, V4]}
        targets = [(name, servers.port) for name in ("a.test", "b.test", "c.test", "nobody.test")]
        done = surveyed(targets)
        one_by_one = surveyed(targets, max_workers=1)
        assert {ip: len(starts) for ip, starts in servers.starts.items()} == {V6: 2, V4: 2, OTHER_V4: 2}
    assert done.counts == one_by_one.counts == {"up": 3, "unresolved": 1}
    for survey_done in (done, one_by_one):
        reports = {report.host: report for report in survey_done.reports}
        for name in ("a.test", "b.test", "c.test"):
            each = [reports[name], *(reports[name].others or ())]
            assert [report.address and report.address[0] for report in each] == resolver[name]
            assert {report.host for report in each} == {name}
        assert [reports[name].finding("R16").status for name in ("a.test", "b.test", "c.test")] == [
            "pass", "pass", "fail",
        ]  # fmt: skip


def test_host_that_asks_for_fewer_connections_is_left_alone_at_all_addresses(resolver: dict[str, list[str]]) -> None:
    with Servers({V6: SAME, V4: SAME}, greeting={V6: "421 4.7.0 too many connections"}) as servers:
        resolver["mx.two.test"] = [V6, V4]
        for report in both_ways("mx.two.test", servers.port):
            assert (report.status, report.others) == ("rate_limited", ())
            assert report.finding("R16").status == "unknown"
        assert servers.starts[V4] == []


def test_same_address_is_not_asked_twice_within_a_second(
    resolver: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manners, "is_loopback", lambda _: False)  # ports of one address count as one then
    with Servers({V4: SAME}) as first, Servers({V4: SAME}) as second:
        resolver |= {"a.test": [V4], "b.test": [V4]}
        surveyed([("a.test", first.port), ("b.test", second.port)])
        starts = sorted(first.starts[V4] + second.starts[V4])
    assert starts[1] - starts[0] >= 0.97


def test_literal_and_sandbox_have_one_address() -> None:
    with Sandbox() as sandbox:
        report = probe(sandbox, every_address=True)
        assert isinstance(report, ProbeReport)
        assert report.others is None
        literal = probe(V4, sandbox.port, every_address=True)
        assert isinstance(literal, ProbeReport)
        assert (literal.status, literal.others) == ("up", None)


def test_everything_goes_through_json_store_and_views(resolver: dict[str, list[str]], tmp_path: Path) -> None:
    store = tmp_path / "survey.sqlite"
    with Servers({V6: SAME, V4: ["HELP"]}) as servers:
        resolver["mx.two.test"] = [V6, V4]
        done = surveyed([("mx.two.test", servers.port)], store=store)
        again = surveyed([("mx.two.test", servers.port)], store=store)
        assert len(servers.starts[V4]) == 1
    assert list(again.reports) == list(done.reports)
    (report,) = done.reports
    assert ProbeReport.from_json(report.to_json()) == report
    assert report.record()["other_addresses"] == "127.0.0.1 up"
    assert "Addresses: ::1 up, 127.0.0.1 up" in report.to_text()
    html = report._repr_html_() or ""
    assert "127.0.0.1" in html
