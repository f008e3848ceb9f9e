"""`smtpnb lab`: a copy of the course in the user's folder, never over what the user changed, and JupyterLab on it."""

import hashlib
import importlib.resources
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

#: The notebook that JupyterLab opens.
TOUR: Final = "00_tour.ipynb"

#: A folder of Jupyter configuration: our defaults for settings of JupyterLab, such as no question about news.
DEFAULTS: Final = Path(__file__).resolve().parent / "jupyter_config"
_SETTINGS: Final = "default_setting_overrides"

#: What each notebook was like when it was copied: so a change of the user's can be told from an old version of ours.
_MANIFEST: Final = ".smtpnb.json"


def default_folder() -> Path:
    """`smtpnb-notebooks` in the user's home, or here where there is no home to write to."""
    try:
        home = Path.home()
    except RuntimeError:
        home = Path.cwd()
    return (home if os.access(home, os.W_OK) else Path.cwd()) / "smtpnb-notebooks"


def shipped() -> Iterator[tuple[str, bytes]]:
    """Name and content of each notebook of this version: from the wheel, or from the clone beside the package."""
    folder: Any = importlib.resources.files("smtpnb") / "notebooks"
    if not folder.is_dir():
        folder = Path(__file__).resolve().parent.parent / "notebooks"
    if not folder.is_dir():
        raise FileNotFoundError("this installation of smtpnb has no notebooks: install it anew with pip")
    for entry in sorted(folder.iterdir(), key=lambda entry: str(entry.name)):
        if entry.name.endswith(".ipynb"):
            yield entry.name, entry.read_bytes()


@dataclass(frozen=True, slots=True)
class CourseCopy:
    """What `copied` did.

    Attributes:
        folder: where the copy is.
        written: the notebooks written now: new ones, and those that the user had left as they were.
        kept: the notebooks that the user changed and that have a newer version.
        set_aside: where the user's notebooks went when all was wanted fresh, or None.
    """

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]
    set_aside: Path | None = None


def copied(folder: Path, *, fresh: bool = False) -> CourseCopy:
    """A copy of the notebooks in `folder`, where nothing that the user changed is overwritten.

    Args:
        folder: where to; made if need be.
        fresh: whether to begin anew: what is there is set aside in `folder/kept-N` first.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    notebooks = dict(shipped())
    set_aside = _set_aside(folder, notebooks) if fresh else None
    known = _manifest(folder)
    written, kept = [], []
    for name, content in notebooks.items():
        there = _digest((folder / name).read_bytes()) if (folder / name).exists() else ""
        if there == _digest(content):
            pass
        elif there in ("", known.get(name)):
            (folder / name).write_bytes(content)
            written.append(name)
        elif known.get(name) != _digest(content):
            kept.append(name)
            continue
        known[name] = _digest(content)
    (folder / _MANIFEST).write_text(json.dumps(known, indent=1), encoding="utf-8")
    return CourseCopy(folder, tuple(written), tuple(kept), set_aside)


def _manifest(folder: Path) -> dict[str, str]:
    try:
        known = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _set_aside(folder: Path, names: Any) -> Path | None:
    present = [name for name in names if (folder / name).exists()]
    if not present:
        return None
    aside = next(path for number in range(1, sys.maxsize) if not (path := folder / f"kept-{number}").exists())
    aside.mkdir()
    for name in present:
        shutil.move(folder / name, aside / name)
    return aside


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def serve(folder: Path, *, browser: bool, port: int | None) -> int:
    """Runs JupyterLab on `folder` until it is stopped; prints the address that opens the tour.

    Args:
        folder: the notebooks.
        browser: whether to open a browser.
        port: the port to listen on; None takes 8888 or the next free one.

    Returns:
        The exit status.

    Raises:
        ImportError: JupyterLab is not installed.
    """
    from jupyterlab.labapp import LabApp  # noqa: PLC0415 - large, and only this command needs it

    offer_defaults()
    server = LabApp.initialize_server(argv=_arguments(folder, browser=browser, port=port))
    # The port is bound when the loop begins, and may be another than the first one tried: tell it after that.
    server.io_loop.add_callback(lambda: _announce(folder, server.local_url))
    server.start()
    return 0


def offer_defaults() -> None:
    """Adds `DEFAULTS` to where Jupyter looks, behind all that is there, unless one of these defaults was set elsewhere.

    What is chosen in JupyterLab itself is no default and wins anyway. `JUPYTER_CONFIG_PATH` comes before the user's own
    folder of configuration, so a default set there has to be looked for.
    """
    from jupyter_server.services.config import ConfigManager  # noqa: PLC0415 - as above

    theirs: Any = ConfigManager(config_dir_name="labconfig").get(_SETTINGS)  # type: ignore[no-untyped-call]
    ours = json.loads((DEFAULTS / "labconfig" / f"{_SETTINGS}.json").read_text(encoding="utf-8"))
    if not any(name in theirs.get(plugin, {}) for plugin, settings in ours.items() for name in settings):
        paths = filter(None, (os.environ.get("JUPYTER_CONFIG_PATH"), str(DEFAULTS)))
        os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(paths)


def _announce(folder: Path, address: str) -> None:
    print(f"smtpnb: the notebooks are in {folder}")
    print(f"smtpnb: open  {address}")
    print("smtpnb: Ctrl-C twice stops JupyterLab", flush=True)


def _arguments(folder: Path, *, browser: bool, port: int | None) -> list[str]:
    arguments = [
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{TOUR}",
        f"--ServerApp.open_browser={browser}",
        # Offline is a place to learn in: no look for news or updates.
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if port is not None:
        arguments += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--ServerApp.allow_root=True")  # Jupyter refuses root otherwise; containers are root
    return arguments
