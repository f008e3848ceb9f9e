"""The course's copy in the user's folder, and JupyterLab on it."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from smtpnb import lab

NOTIFICATION = "@jupyterlab/apputils-extension:notification"


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


def _set(folder: Path, values: dict[str, str]) -> None:
    """Defaults for JupyterLab's settings, set in a folder of Jupyter configuration."""
    file = folder / "labconfig" / "default_setting_overrides.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({NOTIFICATION: values}), encoding="utf-8")


@pytest.fixture
def jupyter_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The user's own folder of Jupyter configuration, empty; and no other path is set."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")  # so that it is put back
    return tmp_path / "mine"


def _defaults() -> dict[str, str]:
    from jupyter_server.services.config import ConfigManager

    found: dict[str, str] = (
        ConfigManager(config_dir_name="labconfig").get("default_setting_overrides").get(NOTIFICATION, {})
    )
    return found


def test_there_is_no_question_about_news(jupyter_folder: Path) -> None:
    assert _defaults() == {}
    lab.offer_defaults()
    assert _defaults() == {"fetchNews": "false"}


def test_the_user_s_own_defaults_win_wherever_they_are(
    jupyter_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(tmp_path / "site", {"doNotDisturbMode": "x"})
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "site"))
    lab.offer_defaults()
    assert os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep) == [str(tmp_path / "site"), str(lab.DEFAULTS)]
    assert _defaults() == {"doNotDisturbMode": "x", "fetchNews": "false"}
    for folder in (jupyter_folder, tmp_path / "site2"):
        monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "site2"))
        _set(folder, {"fetchNews": "true"})
        lab.offer_defaults()
        assert _defaults() == {"fetchNews": "true"}


def test_the_defaults_name_settings_that_this_jupyterlab_has() -> None:
    from jupyterlab.commands import get_app_dir

    file = lab.DEFAULTS / "labconfig" / "default_setting_overrides.json"
    for plugin, settings in json.loads(file.read_text(encoding="utf-8")).items():
        package, _, name = plugin.partition(":")
        schema = json.loads((Path(get_app_dir()) / "schemas" / package / f"{name}.json").read_text(encoding="utf-8"))
        for setting, value in settings.items():
            assert value in [choice["const"] for choice in schema["properties"][setting]["oneOf"]]


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
            settings = re.sub(r"/lab/tree/.*?\?", f"/lab/api/settings/{NOTIFICATION}?", address)
            with urllib.request.urlopen(settings, timeout=20) as answer:
                notification = json.load(answer)
            assert notification["schema"]["properties"]["fetchNews"]["default"] == "false"
            assert notification["settings"] == {}, "a default, and no choice made for the user"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    assert (home / "smtpnb-notebooks" / "00_tour.ipynb").exists()
