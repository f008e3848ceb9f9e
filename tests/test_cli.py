"""The command line: its words, its exit status, its one-line errors."""

import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

import smtpnb
from smtpnb.cli import main


@pytest.mark.parametrize("words", [["--help"], ["lab", "--help"], ["sandbox", "--help"], ["--version"]])
def test_help_and_version_are_successes(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 0
    assert "smtpnb" in capsys.readouterr().out


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"smtpnb {smtpnb.__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["lap"],
        ["lab", "--port", "0"],
        ["lab", "--port", "65536"],
        ["sandbox", "--port", "smtp"],
        ["lab", "--nonsense"],
    ],
)
def test_bad_input_is_one_line_and_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_folder_that_cannot_be_made_is_one_line_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["lab", "--no-browser", "--folder", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(sys.platform == "win32", reason="ends the sandbox by a POSIX signal")
def test_sandbox_serves_until_ctrl_c_and_tells_what_arrives() -> None:
    command = [sys.executable, "-u", "-m", "smtpnb", "sandbox", "--port", "0"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
    port = _free_port()
    process = subprocess.Popen([*command[:-1], str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout as printed, process.stderr:
        for line in printed:
            if "Ctrl-C" in line:
                break
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("a@example.net", ["bob@example.org"], "Subject: hi\n\nhello\n")
        assert "a@example.net" in next(printed)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


def _free_port() -> int:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
