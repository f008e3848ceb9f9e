"""The command line: `lab`, `panel` and `sandbox`. Exit status 0 for success, 1 for failure, 2 for bad input."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import smtpnb

_PORT_HELP: Final = "the port to listen on (default: a free one)"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; argparse itself would print the whole usage first."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        arguments: the words behind `smtpnb`; by default those of this process.

    Returns:
        The exit status.
    """
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except KeyboardInterrupt:
        return 130  # what shells expect of a program that Ctrl-C ended
    except (OSError, ValueError, ImportError) as error:
        print(f"smtpnb: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="smtpnb", description="See, learn and probe SMTP in Jupyter.")
    parser.add_argument("--version", action="version", version=f"smtpnb {smtpnb.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_lab(commands.add_parser("lab", help="open JupyterLab on the notebooks, at the tour", description=_lab.__doc__))
    _add_panel(commands.add_parser("panel", help="open the control panel as a web page", description=_panel.__doc__))
    _add_sandbox(commands.add_parser("sandbox", help="run the teaching server", description=_sandbox.__doc__))
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: it is a number from 1 to 65535")
    return int(text)


def _add_lab(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-browser", action="store_true", help="print the address, open no browser")
    parser.add_argument("--port", type=_port, help="the port to listen on (default: 8888 or the next free one)")
    parser.add_argument("--folder", type=Path, help="where the copy goes (default: ~/smtpnb-notebooks)")
    parser.add_argument("--fresh", action="store_true", help="begin anew; your notebooks are set aside, not lost")
    parser.set_defaults(run=_lab)


def _lab(arguments: argparse.Namespace) -> int:
    """Opens JupyterLab on a copy of the notebooks. What you changed is never overwritten."""
    from smtpnb import lab  # noqa: PLC0415 - only this command needs it

    copy = lab.copied((arguments.folder or lab.default_folder()).resolve(), fresh=arguments.fresh)
    if copy.set_aside:
        print(f"smtpnb: your notebooks were set aside in {copy.set_aside}")
    if copy.kept:
        print(f"smtpnb: you changed {', '.join(copy.kept)}: kept as they are; --fresh gets the new version")
    try:
        return lab.serve(copy.folder, browser=not arguments.no_browser, port=arguments.port)
    except ModuleNotFoundError as error:
        raise ImportError(f"JupyterLab is not installed ({error.name}): pip install 'smtpnb[lab]'") from None


def _add_panel(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", nargs="?", metavar="HOST[:PORT]", help="whom to talk to (default: a sandbox)")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open no browser")
    parser.add_argument("--port", type=_port, help="the port to listen on (default: 8866 or the next free one)")
    parser.set_defaults(run=_panel)


def _panel(arguments: argparse.Namespace) -> int:
    """Opens the control panel as a page of its own, by Voilà."""
    from smtpnb.panel import app  # noqa: PLC0415 - only this command needs it

    try:
        return app.serve(arguments.server, browser=not arguments.no_browser, port=arguments.port)
    except ModuleNotFoundError as error:
        raise ImportError(f"Voilà is not installed ({error.name}): pip install 'smtpnb[panel]'") from None


def _add_sandbox(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, help=_PORT_HELP)
    parser.set_defaults(run=_sandbox)


def _sandbox(arguments: argparse.Namespace) -> int:
    """Runs the teaching server on loopback until Ctrl-C, and tells what arrives."""
    from smtpnb.sandbox import Sandbox  # noqa: PLC0415 - only this command needs it

    with Sandbox(**({"port": arguments.port} if arguments.port else {})) as sandbox:
        print(sandbox.to_text())
        print(f"CA certificate: {sandbox.ca_file}")
        print("Ctrl-C stops it.", flush=True)
        seen = 0
        while True:
            for message in sandbox.messages[seen:]:
                seen += 1
                print(f"message {seen}: {message!r}", flush=True)
            time.sleep(0.2)
