"""The panel as a web page of its own, by Voilà: a notebook of one cell, made for this run and gone with it."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

from smtpnb.panel.target import Targets

#: The whole notebook.
_CELL: Final = "from smtpnb import control_panel\n\ncontrol_panel({target})"


def notebook(target: str | None = None) -> str:
    """The notebook that shows a panel for `target`, "host:port", or for a sandbox of its own.

    Raises:
        ValueError: no host and port.
    """
    if target:
        Targets(target)  # refuses what is none
    source = _CELL.format(target=repr(target) if target else "")
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "panel",
        "metadata": {},
        "outputs": [],
        "source": source,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps({"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})


def serve(target: str | None, *, browser: bool, port: int | None) -> int:
    """Serves the panel until it is stopped; Voilà prints its address.

    Args:
        target: "host:port", or None for a sandbox.
        browser: whether to open a browser.
        port: the port to listen on; None takes 8866 or the next free one.

    Returns:
        The exit status.

    Raises:
        ImportError: Voilà is not installed.
    """
    from voila.app import Voila  # noqa: PLC0415 - large, and only this command needs it

    with tempfile.TemporaryDirectory(prefix="smtpnb-panel-") as folder:
        file = Path(folder) / "panel.ipynb"
        file.write_text(notebook(target), encoding="utf-8")
        arguments = [str(file), f"--Voila.open_browser={browser}", "--Voila.ip=127.0.0.1"]
        if port is not None:
            arguments.append(f"--port={port}")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            arguments.append("--ServerApp.allow_root=True")
        Voila.launch_instance(argv=arguments)
    return 0
