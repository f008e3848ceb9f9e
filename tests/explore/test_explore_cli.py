"""`smtpnb probe` and `smtpnb survey`: readable, scriptable, one line for bad input."""

import csv
import json
from pathlib import Path

import pytest
from scripted import Script, ScriptedServer

from smtpnb import ProbeReport, Sandbox
from smtpnb.cli import main

WELL = (
    "S: 220 mx.example.net\nC: EHLO *\nS: 250-mx.example.net\nS: 250 SIZE 9\nC: QUIT\nS: 221 bye\n"  # no TLS: breaks R3
)


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
    "words", [["https://x"], ["host:99999"], [""], ["# nobody"], ["192.88.99.1", "--ehlo-name", "localhost"]]
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


def test_survey_of_no_file_is_status_1_and_of_many_strangers_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["survey", str(tmp_path / "none")]) == 1
    (tmp_path / "many").write_text("".join(f"mx{number}.invalid\n" for number in range(101)))
    assert main(["survey", str(tmp_path / "many")]) == 2
    assert "confirm" in capsys.readouterr().err
