"""Surveys: right for every host, polite to every address, resumable, and the same with any executor."""

from __future__ import annotations

import concurrent.futures
import contextlib
import csv
import io
import json
import multiprocessing
import os
import pickle
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import pytest
from farm import RunningFarm, expected, kind_of
from scripted import Script, ScriptedServer

from smtpnb import Sandbox, SmtpConnectError, survey
from smtpnb.explore import manners, surveying
from smtpnb.explore.report import ProbeReport
from smtpnb.explore.results import Packed, Survey
from smtpnb.explore.targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTS = 150


def fields(report: ProbeReport) -> dict[str, Any]:
    return {
        "status": report.status,
        "banner": report.banner[0] if report.banner else None,
        "ehlo": None if report.ehlo is None else list(report.ehlo.lines),
        "ehlo_tls": None if report.ehlo_tls is None else list(report.ehlo_tls.lines),
        "tls": report.tls,
    }


def run(targets: Any, **options: Any) -> Survey:
    return survey(targets, **({"timeout": 2.0, "progress": False} | options))


@pytest.fixture(scope="module")
def farmed() -> tuple[Survey, RunningFarm]:
    with RunningFarm(HOSTS, 0.01, 0.005) as farm:
        done = run(farm.targets, ca_file=farm.ca_file, timeout=4.0)
    return done, farm


# -- what is found -----------------------------------------------------------------------------------------------


def test_every_field_of_every_host_is_right(farmed: tuple[Survey, RunningFarm]) -> None:
    done, _ = farmed
    assert {kind_of(number) for number in range(HOSTS)} >= {
        "slow",
        "helo",
        "454",
        "broken-tls",
        "554",
        "hang",
        "refuse",
        "drip",
    }
    wrong = [
        (number, kind_of(number), fields(report))
        for number, report in enumerate(done.reports)
        if fields(report) != expected(number)
    ]
    assert wrong == []


def test_each_host_got_one_connection_and_nothing_but_the_four_commands(farmed: tuple[Survey, RunningFarm]) -> None:
    _, farm = farmed
    assert {log["connections"] for log in farm.heard} <= {0, 1}
    assert {verb for log in farm.heard for verb in log["verbs"]} == {"EHLO", "HELO", "STARTTLS", "QUIT"}
    ended = ("up", "rejected")
    stayed = [
        n
        for n, log in enumerate(farm.heard)
        if expected(n)["status"] in ended and kind_of(n) not in ("421", "broken-tls")
    ]
    assert [n for n in stayed if farm.heard[n]["verbs"][-1:] != ["QUIT"]] == []


def test_order_of_reports_is_that_of_targets(farmed: tuple[Survey, RunningFarm]) -> None:
    done, farm = farmed
    assert [report.port for report in done.reports] == farm.ports
    assert [(record["host"], record["port"]) for record in done.records] == farm.targets


def test_tables_and_files(farmed: tuple[Survey, RunningFarm], tmp_path: Path) -> None:
    done, _ = farmed
    records = done.records
    assert len(done.df) == len(records) == HOSTS
    done.to_parquet(tmp_path / "all.parquet")
    done.to_csv(tmp_path / "all.csv")
    done.to_jsonl(tmp_path / "all.jsonl")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_text(), newline="")))
    assert [row["status"] for row in rows] == [record["status"] for record in records]
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    assert [ProbeReport.from_json(line) for line in lines] == list(done.reports)
    assert "<table" in done.table()._repr_html_()
    again = pickle.loads(pickle.dumps(done))
    assert again == done


def test_cells_are_no_formulas_and_show_nothing_hidden() -> None:
    script = "S: 220 =HYPERLINK(0)\nC: EHLO *\nS: 250 hello\nC: QUIT\nS: 221 bye\n"
    with ScriptedServer(Script.parse(script)) as server:
        done = run([("127.0.0.1", server.port)])
    text = done.to_csv()
    assert text is not None
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert rows[0]["banner"] == "'=HYPERLINK(0)"
    assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in rows[0].values())


@pytest.mark.parametrize("start", ["=1", "+1", "-1", "@x", "\tx", "\rx", " =1", "＝1"])
def test_every_start_of_a_formula_is_quoted(start: str) -> None:
    from smtpnb.explore.results import _cell

    assert _cell(start) == f"'{start}"
    assert _cell(-1.5) == -1.5


def test_bad_lines_are_told_and_the_rest_goes_on() -> None:
    with Sandbox() as sandbox:
        done = run(["host:99999", f"127.0.0.1:{sandbox.port}", "https://x", f"127.0.0.1:{sandbox.port}"])
    assert [problem.line for problem in done.problems] == [1, 3, 4]
    assert done.counts == {"up": 1}


def test_greeting_that_never_ends_does_not_keep_a_survey() -> None:
    with ScriptedServer(Script.parse("drip 0.1\n" + "S: 220-for ever and ever\n" * 50)) as server:
        started = time.monotonic()
        done = run([("127.0.0.1", server.port)], timeout=1.0)
    assert done.counts == {"timeout": 1}
    assert time.monotonic() - started < 4


# -- manners, from the server's side -----------------------------------------------------------------------------

POLITE = "S: 220 mx.example.net\nC: EHLO *\nlate 0.3\nS: 250 mx.example.net\nC: QUIT\nS: 221 bye\n"


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is taken for an address on the net: its ports are one address."""
    monkeypatch.setattr(manners, "address_key", lambda ip, port: (ip, 0))


class Watched:
    """Servers that note when each connection comes and goes."""

    def __init__(self, count: int, stay: float = 0.3) -> None:

        self.events: list[tuple[float, int]] = []
        self.names: list[bytes] = []
        self.stay = stay
        self.listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        self.ports = [listener.getsockname()[1] for listener in self.listeners]
        self.threads = [
            threading.Thread(target=self._serve, args=(listener,), daemon=True) for listener in self.listeners
        ]

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:

        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self.threads:
            thread.join(5)

    def _serve(self, listener: Any) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock, sock.makefile("rb") as heard:
                self.events.append((time.monotonic(), +1))
                time.sleep(self.stay)
                sock.sendall(b"220 mx.example.net\r\n")
                for line in heard:
                    self.names.append(line.strip())
                    if line.startswith(b"QUIT"):
                        break
                    sock.sendall(b"250 mx.example.net\r\n")
                # Before the goodbye: the client may open its next connection as soon as it has heard it.
                self.events.append((time.monotonic(), -1))
                with contextlib.suppress(OSError):
                    sock.sendall(b"221 bye\r\n")

    @property
    def starts(self) -> list[float]:
        return sorted(at for at, step in self.events if step > 0)

    @property
    def most_at_once(self) -> int:
        now = most = 0
        for _, step in sorted(self.events):
            now += step
            most = max(most, now)
        return most


@pytest.mark.usefixtures("public")
def test_one_connection_at_a_time_and_one_a_second_to_an_address() -> None:
    with Watched(3) as servers:
        done = run([("127.0.0.1", port) for port in servers.ports])
    assert done.counts == {"up": 3}
    assert servers.most_at_once == 1
    assert min(b - a for a, b in zip(servers.starts, servers.starts[1:], strict=False)) >= 0.97


def test_loopback_ports_are_servers_of_their_own() -> None:
    with Watched(3) as servers:
        run([("127.0.0.1", port) for port in servers.ports])
    assert servers.starts[-1] - servers.starts[0] < 1.0
    assert manners.address_key("127.0.0.1", 25) != manners.address_key("127.0.0.1", 26)
    assert manners.address_key("192.0.2.1", 25) == manners.address_key("192.0.2.1", 587)
    assert manners.address_key("::ffff:192.0.2.1", 25) == manners.address_key("192.0.2.1", 25)


def test_no_more_connections_at_once_than_workers() -> None:
    with Watched(6) as servers:
        run([("127.0.0.1", port) for port in servers.ports], max_workers=2)
    assert servers.most_at_once == 2


def test_rerun_waits_for_the_second_to_pass_and_asks_those_that_failed() -> None:
    with Watched(1, stay=0.0) as servers:
        done = run([("127.0.0.1", servers.ports[0]), ("127.0.0.1", 1)])
        again = done.rerun(["up"])
        assert again.counts == {"up": 1, "refused": 1}
        assert len(servers.starts) == 2
        assert servers.starts[1] - servers.starts[0] >= 0.97
        assert len(done.rerun()) == 2
        assert len(servers.starts) == 2


def test_rate_limited_host_is_left_alone() -> None:
    script = "S: 421 4.7.0 too many connections\nclose"
    with ScriptedServer(Script.parse(script)) as server:
        done = run([("127.0.0.1", server.port)])
        assert done.counts == {"rate_limited": 1}
        done.rerun()
    assert server.heard.connections == 1
    assert server.heard.octets == b""


@pytest.mark.parametrize("workers", [1, 64], ids=["one after the other", "at once"])
def test_address_shared_by_names_is_asked_once_and_told_for_each(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setattr(surveying, "look_up", looked_up_at_loopback)
    with Watched(1) as servers:
        names = [(name, servers.ports[0]) for name in ("a.example", "b.example", "c.example")]
        done = run(names, max_workers=workers)
        assert len(servers.starts) == 1
    assert [report.host for report in done.reports] == ["a.example", "b.example", "c.example"]
    assert len({report.asked_as for report in done.reports}) == 1
    assert done.counts == {"up": 3}


def looked_up_at_loopback(host: str, port: int, seconds: float, nonce: str) -> dict[str, Any]:
    return {"ips": ["127.0.0.1"], "reason": "", "seconds": 0.0}


def test_pace_forgets_addresses_that_may_be_asked_again() -> None:
    pace = manners.Pace()
    for number in range(50_000):
        pace.add(number, "job")
        key, _ = pace.take(number / 10)
        pace.done(key, began=number / 10)
    assert len(pace._next) <= manners._REMEMBERED
    pace.add(49_999, "again")
    assert pace.take(4_999.95) is None  # but not those asked just now
    assert pace.take(5_000.9) == (49_999, "again")


def test_certificate_of_many_hosts_is_kept_once(farmed: tuple[Survey, RunningFarm]) -> None:
    chains = [packed.chain for packed in farmed[0].results if packed and packed.chain]
    assert len(chains) > 50
    assert len({id(der) for chain in chains for der in chain}) == len({der for chain in chains for der in chain})


def test_list_is_shuffled_by_its_seed() -> None:
    def order(seed: int) -> list[int]:
        asked: list[int] = []

        class Noting(concurrent.futures.Executor):
            def submit(self, task: Any, *arguments: Any, **_: Any) -> Any:
                asked.append(arguments[1])
                future: concurrent.futures.Future[Any] = concurrent.futures.Future()
                future.set_exception(RuntimeError("not asked"))
                return future

        run([("127.0.0.1", port) for port in range(1, 60)], seed=seed, executor=Noting())
        return asked

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert sorted(order(1)) == list(range(1, 60)) != order(1)


def test_ehlo_name_is_never_the_targets_nor_localhost_for_others() -> None:
    with pytest.raises(ValueError, match="target's own"):
        run(["mx.example.net"], ehlo_name="MX.example.net")
    with pytest.raises(ValueError, match="means nothing"):
        run(["mx.example.net"], ehlo_name="localhost")
    with pytest.raises(ValueError, match="means nothing"):
        run(["192.88.99.1"], ehlo_name="[127.0.0.1]")
    with pytest.raises(ValueError, match="CR, LF"):
        run(["127.0.0.1:1"], ehlo_name="me\r\nRSET")
    with Watched(2) as servers:
        run([("127.0.0.1", servers.ports[0])], ehlo_name="client.example.org")
        run([("127.0.0.1", servers.ports[1])])
    assert servers.names == [b"EHLO client.example.org", b"QUIT", b"EHLO [127.0.0.1]", b"QUIT"]


def test_more_than_a_hundred_public_targets_have_to_be_confirmed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = [f"mx{number}.invalid" for number in range(101)]
    with pytest.raises(ValueError, match=r"(?s)EHLO.*Nothing was sent.*confirm=True"):
        run(hosts)
    monkeypatch.setattr(surveying, "look_up", nothing_found)
    assert run(hosts[:100]).counts == {"unresolved": 100}
    assert capsys.readouterr().out == ""
    assert run(hosts, confirm=True).counts == {"unresolved": 101}
    assert "101 of them public" in capsys.readouterr().out
    assert not any(manners.is_public(host) for host in ("127.0.0.1", "10.0.0.1", "::1", "localhost", "fe80::1"))


def nothing_found(host: str, port: int, seconds: float, nonce: str) -> dict[str, Any]:
    return {"ips": [], "reason": "no address", "seconds": 0.0}


def test_on_binder_only_the_sandbox_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from smtpnb import probe, probe_domain

    monkeypatch.setenv("BINDER_SERVICE_HOST", "10.1.2.3")
    for ask in (lambda: run(["mx.example.net"]), lambda: probe("192.0.2.1"), lambda: probe_domain("example.net")):
        with pytest.raises(SmtpConnectError, match="Binder") as caught:
            ask()
        assert "nothing was sent" in str(caught.value)
    with Sandbox() as sandbox:
        assert probe(sandbox).status == "up"


def test_intrusive_checks_need_a_name_and_permission() -> None:
    from smtpnb import probe

    with pytest.raises(ValueError, match="i_have_permission"):
        probe("192.88.99.1", checks=["relay"])
    with pytest.raises(ValueError, match="vrfy, expn, relay, injection"):
        probe("127.0.0.1", checks=["smuggle"])
    with pytest.raises(TypeError):
        run(["127.0.0.1:1"], checks=["relay"])


# -- labels --------------------------------------------------------------------------------------------------------


def test_label_is_shown_in_place_of_host_and_port() -> None:
    """The system chose a sandbox's port: the same cell gives the same output."""
    with Sandbox() as first, Sandbox(greeting="ssh") as second:
        named, listed = run({"good": first, "odd": second}), run([first, second])
        for done, labels in ((named, ["good", "odd"]), (listed, ["sandbox 1", "sandbox 2"])):
            assert [report.shown for report in done.reports] == labels
            assert [record["label"] for record in done.records] == labels
            assert [record["port"] for record in done.records] == [first.port, second.port]
            shown = done.to_text() + str(done._repr_html_())
            assert all(label in shown for label in labels)
            assert not any(f"port {server.port}" in shown or f":{server.port}" in shown for server in (first, second))


def test_label_is_told_for_each_name_of_an_address_and_for_one_without(monkeypatch: pytest.MonkeyPatch) -> None:
    with Watched(1) as servers:
        monkeypatch.setattr(surveying, "look_up", looked_up_at_loopback)
        done = run({"first": ("a.example", servers.ports[0]), "second": ("b.example", servers.ports[0])})
        assert [report.shown for report in done.reports] == ["first", "second"]
        monkeypatch.setattr(surveying, "look_up", lambda *_: {"ips": [], "reason": "no such name", "seconds": 0.0})
        (report,) = run({"lost": "c.example"}).reports
    assert (report.status, report.shown) == ("unresolved", "lost")


def test_label_of_a_stored_result_is_that_of_this_survey(tmp_path: Path) -> None:
    with Watched(1) as servers:
        place = ("127.0.0.1", servers.ports[0])
        for targets, label in (({"old": place}, "old"), ({"new": place}, "new"), ([place], "")):
            (report,) = run(targets, store=tmp_path / "s").reports
            assert report.label == label
        assert len(servers.starts) == 1


def test_label_stands_for_a_target_whose_task_broke() -> None:
    class Broken(concurrent.futures.Executor):
        def submit(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("lost")

    done = run({"mine": ("127.0.0.1", 1)}, executor=Broken())
    assert "mine: RuntimeError: lost" in done.to_text()


def test_sandboxes_alone_are_trusted_by_their_own_authority() -> None:
    def rule_7(targets: Any, **options: Any) -> list[str]:
        return [report.finding("R7").status for report in run(targets, **options).reports]

    with Sandbox() as good, Sandbox(certificate="unknown-ca") as bad, Watched(1) as other:
        assert rule_7([good, bad]) == ["pass", "fail"]
        assert rule_7({"good": good, "typo": "c.example:99999"}) == ["pass"]
        assert rule_7([good, ("127.0.0.1", other.ports[0])])[0] == "fail"
        assert rule_7([good, ("127.0.0.1", other.ports[0])], ca_file=good.ca_file)[0] == "pass"


# -- interrupts, the store ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX signal")
def test_interrupt_keeps_everything_done() -> None:
    with Watched(1, stay=0.0) as fast, ScriptedServer(Script.parse("stall")) as slow:
        targets = [("127.0.0.1", fast.ports[0]), ("127.0.0.1", slow.port)]
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
        started = time.monotonic()
        done = run(targets, timeout=20.0)
        assert time.monotonic() - started < 6
    assert done.interrupted
    assert done.counts == {"up": 1, "pending": 1}
    assert done.pending == (Target("127.0.0.1", slow.port),)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX signal")
def test_interrupt_closes_what_is_under_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        assert run([silent.getsockname()], timeout=60.0).interrupted
        silent.settimeout(1)
        with silent.accept()[0] as connection:
            connection.settimeout(1)
            assert connection.recv(100) == b""


def test_names_that_are_slow_to_look_up_hold_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any) -> dict[str, Any]:
        time.sleep(0.6)
        return {"ips": [], "reason": "no such name", "seconds": 0.6}

    monkeypatch.setattr(surveying, "look_up", slow)
    names = [(f"h{number}.example", 25) for number in range(8)]
    with Watched(1, stay=0.0) as servers:
        started = time.monotonic()
        done = run([*names, ("127.0.0.1", servers.ports[0])])
        assert time.monotonic() - started < 1.5
    assert done.counts == {"up": 1, "unresolved": 8}
    assert sum(done.reports[8].phases.values()) < 0.5


def test_connections_take_turns_in_one_thread() -> None:
    before, seen = threading.active_count(), []
    with Watched(40, stay=0.3) as servers:
        served = threading.active_count() - before
        watch = threading.Timer(0.2, lambda: seen.append(threading.active_count()))
        watch.start()
        done = run([("127.0.0.1", port) for port in servers.ports], max_workers=40)
        watch.join()
    assert done.counts == {"up": 40}
    assert seen[0] - before - served < 10


def test_more_connections_than_open_files_are_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource", reason="Windows knows no such limit")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        targets = [(f"127.0.0.{number}", silent.getsockname()[1]) for number in range(1, 201)]
        with pytest.raises(ValueError, match=r"200 connections at once .* open files .* 256: say max_workers=160"):
            run(targets, max_workers=500)
        silent.settimeout(0.1)
        with pytest.raises(TimeoutError):
            silent.accept()
    assert len(run(targets, max_workers=100, timeout=0.5)) == 200


KILLED = """
import json, sys
from smtpnb import survey
ports, store = json.loads(sys.argv[1]), sys.argv[2]
survey([("127.0.0.1", port) for port in ports], timeout=4.0, max_workers=8, store=store, progress=False)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_killed_survey_goes_on_with_nothing_lost_or_asked_twice(tmp_path: Path) -> None:
    store = tmp_path / "survey.sqlite"
    with RunningFarm(80, 0.03, 0.01) as farm:
        process = subprocess.Popen([sys.executable, "-c", KILLED, json.dumps(farm.ports), str(store)])
        while stored(store) < 20:
            time.sleep(0.02)
            assert process.poll() is None
        process.kill()
        assert process.wait() == -signal.SIGKILL  # it did not end by itself meanwhile
        done_before = set(ports_in(store))
        done = run(farm.targets, timeout=4.0, store=store)
        undisturbed = [expected(number) for number in range(80)]
    assert 20 <= len(done_before) < 80
    assert [fields(report) for report in done.reports] == undisturbed
    asked_again = {port for port, log in zip(farm.ports, farm.heard, strict=True) if log["connections"] > 1}
    assert not asked_again & done_before  # only those under way when it was killed, at most one a worker
    assert len(asked_again) <= 8


def stored(store: Path) -> int:
    return len(ports_in(store)) if store.exists() else 0


def ports_in(store: Path) -> list[int]:
    database = sqlite3.connect(store)
    try:
        return [port for (port,) in database.execute("SELECT port FROM hosts")]
    except sqlite3.OperationalError:
        return []
    finally:
        database.close()


def test_store_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, certainly\n" * 100)
    with pytest.raises(ValueError, match="no store"):
        run([("127.0.0.1", 1)], store=tmp_path / "text")
    newer = sqlite3.connect(tmp_path / "newer")
    newer.executescript(
        "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT); INSERT INTO about VALUES ('schema', 'x/2');"
    )
    newer.close()
    with pytest.raises(ValueError, match="x/2"):
        run([("127.0.0.1", 1)], store=tmp_path / "newer")


def test_stored_results_are_not_asked_again(tmp_path: Path) -> None:
    with Watched(1, stay=0.0) as servers:
        first = run([("127.0.0.1", servers.ports[0])], store=tmp_path / "s")
        second = run([("127.0.0.1", servers.ports[0])], store=tmp_path / "s")
        assert len(servers.starts) == 1
    assert list(first.reports) == list(second.reports)


# -- executors ---------------------------------------------------------------------------------------------------


def compared(executor: Any, farm: RunningFarm) -> Survey:
    done = run(farm.targets, executor=executor, timeout=4.0)
    assert done.errors == ()
    assert [fields(report) for report in done.reports] == [expected(number) for number in range(farm.hosts)]
    return done


@pytest.fixture
def small_farm() -> Iterator[RunningFarm]:
    with RunningFarm(24, 0.01, 0.005) as farm:
        yield farm
    assert {log["connections"] for log in farm.heard} <= {0, 1}


def test_processes(small_farm: RunningFarm) -> None:
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        compared(pool, small_farm)
        assert pool.submit(int, "7").result() == 7  # it is the caller's, and was not shut down


def test_dask_with_two_workers(small_farm: RunningFarm) -> None:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=8, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        Client(cluster) as client,
    ):
        done = compared(client.get_executor(), small_farm)  # pure by default: equal calls would be one
        assert pickle.loads(pickle.dumps(done)) == done


class Odd(concurrent.futures.Executor):
    """Runs at once, in the caller's thread; fails at times; knows neither `_max_workers` nor how to shut down."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def submit(self, task: Any, *arguments: Any, **_: Any) -> Any:
        self.calls.append((task.__module__, task.__qualname__, *arguments))
        json.dumps(arguments)  # plain
        pickle.dumps(task)
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        if len(self.calls) == 2:
            raise RuntimeError("cannot schedule new futures")
        if len(self.calls) == 3:
            future.set_exception(MemoryError("worker lost"))
        else:
            future.set_result(task(*arguments))
        return future

    def shutdown(self, *_: Any, **__: Any) -> None:
        raise AssertionError("not ours to shut down")


def test_task_that_breaks_is_an_error_value_and_its_target_stays_pending() -> None:
    executor = Odd()
    done = run([("127.0.0.1", port) for port in (1, 2, 3, 4)], executor=executor)
    assert [failure.error for failure in done.errors] == [
        "RuntimeError: cannot schedule new futures",
        "MemoryError: worker lost",
    ]
    assert done.counts == {"refused": 2, "pending": 2}
    assert len({call[-1] for call in executor.calls}) == 4  # a nonce each
    assert all(isinstance(packed, Packed | None) for packed in done.results)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"host_timeout": -1}, {"max_workers": 0}])
def test_bad_options_are_told_before_a_byte(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        run(["127.0.0.1:1"], **options)


def test_nobody_to_ask() -> None:
    done = run([])
    assert (done.records, done.counts, done.to_csv(), len(done)) == ([], {}, "\r\n", 0)
    assert "nobody" in repr(done)


def test_progress_is_shown_with_counts(capsys: pytest.CaptureFixture[str]) -> None:
    run([("127.0.0.1", 1)], progress=True)
    assert "refused=1" in capsys.readouterr().err


def test_surveying_loads_nothing_heavy() -> None:
    code = (
        "import sys; from smtpnb import survey; survey(['127.0.0.1:1'], progress=False);"
        "print([n for n in ('pandas', 'cryptography', 'htpy', 'IPython', 'dns', 'tqdm') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
