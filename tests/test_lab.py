"""The course's copy in the user's folder, and JupyterLab on it."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from smtpnb import lab


@pytest.fixture
def two_versions(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    notebooks = {"00_tour.ipynb": b"tour 1", "01_ehlo.ipynb": b"ehlo 1"}
    monkeypatch.setattr(lab, "shipped", lambda: iter(notebooks.items()))
    return notebooks


def test_first_copy_holds_every_notebook(tmp_path: Path) -> None:
    copy = lab.copied(tmp_path / "new" / "folder")
    assert copy.written == tuple(name for name, _ in lab.shipped())
    assert lab.TOUR in copy.written
    assert all((copy.folder / name).read_bytes() == content for name, content in lab.shipped())


def test_second_copy_writes_nothing(tmp_path: Path) -> None:
    lab.copied(tmp_path)
    assert lab.copied(tmp_path).written == ()


def test_what_the_user_changed_is_kept_and_the_rest_is_updated(tmp_path: Path, two_versions: dict[str, bytes]) -> None:
    lab.copied(tmp_path)
    (tmp_path / "00_tour.ipynb").write_bytes(b"mine")
    two_versions.update({"00_tour.ipynb": b"tour 2", "01_ehlo.ipynb": b"ehlo 2"})
    for _ in range(2):  # also the next time, and the time after that
        copy = lab.copied(tmp_path)
        assert copy.kept == ("00_tour.ipynb",)
        assert (tmp_path / "00_tour.ipynb").read_bytes() == b"mine"
        assert (tmp_path / "01_ehlo.ipynb").read_bytes() == b"ehlo 2"


def test_changed_notebook_of_the_same_version_is_not_mentioned(tmp_path: Path, two_versions: dict[str, bytes]) -> None:
    lab.copied(tmp_path)
    (tmp_path / "00_tour.ipynb").write_bytes(b"mine")
    assert lab.copied(tmp_path) == lab.CourseCopy(tmp_path, (), ())


def test_a_file_of_the_users_that_was_there_before_is_kept(tmp_path: Path, two_versions: dict[str, bytes]) -> None:
    (tmp_path / "00_tour.ipynb").write_bytes(b"mine, from before")
    assert lab.copied(tmp_path).kept == ("00_tour.ipynb",)
    assert (tmp_path / "00_tour.ipynb").read_bytes() == b"mine, from before"


def test_fresh_sets_the_old_ones_aside_each_time(tmp_path: Path, two_versions: dict[str, bytes]) -> None:
    lab.copied(tmp_path)
    for number in (1, 2):
        (tmp_path / "00_tour.ipynb").write_bytes(b"mine %d" % number)
        copy = lab.copied(tmp_path, fresh=True)
        assert copy.set_aside == tmp_path / f"kept-{number}"
        assert (copy.set_aside / "00_tour.ipynb").read_bytes() == b"mine %d" % number
        assert (tmp_path / "00_tour.ipynb").read_bytes() == b"tour 1"


def test_damaged_manifest_loses_nothing(tmp_path: Path, two_versions: dict[str, bytes]) -> None:
    lab.copied(tmp_path)
    (tmp_path / ".smtpnb.json").write_text("no JSON")
    (tmp_path / "00_tour.ipynb").write_bytes(b"mine")
    lab.copied(tmp_path)
    assert (tmp_path / "00_tour.ipynb").read_bytes() == b"mine"


@pytest.mark.skipif(sys.platform == "win32", reason="ends JupyterLab by a POSIX signal")
def test_lab_serves_the_tour_at_the_address_it_prints(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "-m", "smtpnb", "lab", "--no-browser"]
    environment = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path
    )
    assert process.stdout is not None
    with process.stdout as printed:
        try:
            address = next(found[1] for line in printed if (found := re.search(r"open  (http://\S+)", line)))
            assert "/lab/tree/00_tour.ipynb?token=" in address
            with urllib.request.urlopen(address, timeout=20) as page:
                assert page.status == 200
            api = re.sub(r"/lab/tree/(.*?)\?", r"/api/contents/\1?", address)
            with urllib.request.urlopen(api, timeout=20) as notebook:
                assert b"every byte of it" in notebook.read()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    assert (home / "smtpnb-notebooks" / "00_tour.ipynb").exists()
