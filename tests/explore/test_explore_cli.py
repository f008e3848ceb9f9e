"""`smtpnb probe` and `smtpnb survey`: readable, scriptable, one line for bad input."""

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted import Script, ScriptedServer

from smtpnb import ProbeReport, Sandbox
from smtpnb.cli import main

WELL = (
    "S: 220 mx.example.net\nC: EHLO *\nS: 250-mx.example.net\nS: 250 SIZE 9\nC: QUIT\nS: 221 bye\n"  # no TLS: breaks R3
)


@pytest.fixture
def sandbox_with_tls() -> Iterator[Sandbox]:
    with Sandbox(implicit_tls=True) as sandbox:
        yield sandbox


def test_probe_prints_a_report_and_its_status_says_whether_rules_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox() as sandbox:
        assert (
            main(["probe", f"localhost:{sandbox.port}", "--ca-file", sandbox.ca_file]) == 1
        )  # it offers AUTH in the clear
    out = capsys.readouterr().out
    assert "fail" in out
    assert "RFC" not in out
    assert "TLSv1.3" in out


def test_probe_json_and_html(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer(Script.parse(WELL)) as server:
        assert (
            main(["probe", "127.0.0.1", "--port", str(server.port), "--json", "--html", str(tmp_path / "card.html")])
            == 1
        )
    report = ProbeReport.from_json(capsys.readouterr().out)
    assert report.finding("R3").status == "fail"
    assert "<!doctype html>" in (tmp_path / "card.html").read_text().lower()


def test_probe_of_nothing_is_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "127.0.0.1:1"]) == 1
    assert "refused" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["https://x"],
        ["host:99999"],
        [""],
        ["# nobody"],
        ["192.88.99.1", "--ehlo-name", "localhost"],
        ["x", "--ehlo-name", "a b"],
    ],
)
def test_bad_host_is_one_line_and_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", *words]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("words", [["probe"], ["probe", "x", "--timeout", "0"], ["survey", "f", "--max-workers", "0"]])
def test_bad_words_are_one_line_and_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_survey_reads_a_file_keeps_a_store_and_writes_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts, store = tmp_path / "hosts.txt", tmp_path / "survey.sqlite"
    with Sandbox() as sandbox:
        hosts.write_text(f"# mine\n127.0.0.1:{sandbox.port}\n")
        words = ["survey", str(hosts), "--store", str(store), "--no-progress", "--csv", str(tmp_path / "t.csv")]
        assert main([*words, "--jsonl", str(tmp_path / "t.jsonl"), "--html", str(tmp_path / "t.html")]) == 0
    assert main(words) == 0  # the sandbox is gone; the store has its report
    assert len(list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))) == 1
    assert json.loads((tmp_path / "t.jsonl").read_text())["status"] == "up"
    assert "1 server: 1 up" in capsys.readouterr().out


def test_survey_with_bad_lines_tells_their_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hosts").write_text("host:99999\n127.0.0.1:1\n")
    assert main(["survey", str(tmp_path / "hosts"), "--no-progress"]) == 1
    out = capsys.readouterr().out
    assert "line 1: host:99999" in out
    assert "1 refused" in out


@pytest.mark.parametrize(
    "words",
    [
        ["probe", "127.0.0.1:1", "--ca-file", "nowhere/ca.pem"],
        ["probe", "127.0.0.1:1", "--html", "nowhere/card.html"],
        ["survey", "nowhere.txt"],
        ["survey", "."],
        ["survey", __file__, "--csv", "nowhere/table.csv"],
        ["survey", __file__, "--store", "."],
    ],
)
def test_file_that_cannot_be_used_is_told_before_anything_is_sent(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smtpnb.probe", None)  # neither can be called
    monkeypatch.setattr("smtpnb.survey", None)
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "no target in"), (b"\x7fELF\0\nw\n", "is no text file"), (b"# nobody\n", "no target in")],
)
def test_file_without_targets_is_status_2(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hosts").write_bytes(content)
    assert main(["survey", str(tmp_path / "hosts")]) == 2
    assert words in capsys.readouterr().err


def test_file_without_certificates_is_no_list_of_authorities(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ca.pem").write_bytes(b"\xffno certificate")
    assert main(["probe", "127.0.0.1:1", "--ca-file", str(tmp_path / "ca.pem")]) == 2
    assert "holds no certificate" in capsys.readouterr().err


def test_many_strangers_need_confirm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "many").write_text("".join(f"mx{number}.invalid\n" for number in range(101)))
    assert main(["survey", str(tmp_path / "many")]) == 2
    assert "To go ahead with more than 100: --confirm" in capsys.readouterr().err


def test_port_with_tls_first_is_probed_by_option(sandbox_with_tls: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    main(["probe", f"127.0.0.1:{sandbox_with_tls.port}", "--implicit-tls", "--ca-file", sandbox_with_tls.ca_file])
    assert "pass    R9   submission with TLS from the first octet" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX pipe")
def test_advice_is_a_shells_and_what_the_server_says_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    script = Script.parse(
        "S: 220 mx.example.net every_address=True\nC: EHLO *\nS: 250 mx.example.net\nC: QUIT\nS: 221 bye"
    )
    with ScriptedServer(script) as server:
        main(["probe", f"127.0.0.1:{server.port}"])
    out = capsys.readouterr().out
    assert "mx.example.net every_address=True" in out
    assert "not asked; --check injection does" in out
    assert "the DNS was not asked; --mx does" in out
    assert "one address was asked; --every-address asks all of them" in out


def test_words_of_a_server_in_the_evidence_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer(Script.parse("S: 554 too many checks, see implicit_tls and every_address=True")) as server:
        main(["probe", f"127.0.0.1:{server.port}"])
    evidence = [line for line in capsys.readouterr().out.split("\n") if line.startswith("unknown") and "554" in line]
    assert evidence
    assert all("too many checks, see implicit_tls and every_address=True" in line for line in evidence)


def test_check_is_made_by_name_and_elsewhere_with_permission_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox(in_memory=False) as sandbox:
        main(["probe", f"localhost:{sandbox.port}", "--check", "relay", "--check", "vrfy"])
    assert "R17  a stranger's relay attempt refused: not asked" not in capsys.readouterr().out
    assert main(["probe", "mx.example.org", "--check", "relay"]) == 2
    assert "--i-have-permission" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["probe", "mx.example.org", "--check", "everything"])


@pytest.mark.parametrize("words", [["--implicit-tls"], ["--check", "vrfy", "--i-have-permission"]])
def test_what_does_not_go_with_a_mail_domain_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "example.org", "--mx", *words]) == 2
    assert "--mx asks a domain's servers" in capsys.readouterr().err


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_reader_that_has_seen_enough_ends_it_without_a_word(options: list[str]) -> None:
    command = [sys.executable, "-m", "smtpnb", "probe", "127.0.0.1:1", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    process.stdout.close()
    assert process.communicate(timeout=30)[1] == b""
    assert process.returncode == 141


def test_no_bar_and_no_colours_where_there_is_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1:1\n")
    command = [sys.executable, "-m", "smtpnb", "survey", str(tmp_path / "hosts")]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"\x1b" not in done.stdout


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX signal")
def test_interrupt_keeps_and_writes_what_is_done(tmp_path: Path) -> None:
    with ScriptedServer(Script.parse(WELL)) as fast, ScriptedServer(Script.parse("stall")) as slow:
        (tmp_path / "hosts").write_text(f"127.0.0.1:{fast.port}\n127.0.0.1:{slow.port}\n")
        words = ["survey", str(tmp_path / "hosts"), "--csv", str(tmp_path / "t.csv"), "--timeout", "30"]
        process = subprocess.Popen([sys.executable, "-m", "smtpnb", *words], stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 20
        while not (slow.busy and fast.heard.connections and not fast.busy) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out = process.communicate(timeout=10)[0]
    assert process.returncode == 130
    assert "2 servers: 1 up, 1 pending; interrupted" in out
    assert len(list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))) == 1
