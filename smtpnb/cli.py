"""The command line: `lab`, `panel`, `sandbox`, `probe`, `survey`. Exit status 0: success, 1: failure, 2: bad input."""

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import smtpnb

_PORT_HELP: Final = "the port to listen on (default: a free one)"

#: Options in our own words: as Python has them, and as a shell does.
_OPTIONS: Final = tuple(
    (re.compile(python), shell)
    for python, shell in (
        (r"checks=\['(\w+)'\]", r"--check \1"),
        (r"probe_domain\(\)", "--mx"),
        (r"\bmax_workers=(\d+)", r"--max-workers \1"),
        (r"\b(mx|confirm|every_address|i_have_permission)=True", lambda option: f"--{option[1].replace('_', '-')}"),
        (r"\bimplicit_tls\b", "--implicit-tls"),
        (r"\bchecks\b", "--check"),
    )
)


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
        return _ran(parsed)
    except KeyboardInterrupt:
        return 130  # what shells expect of a program that Ctrl-C ended
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python tries again on its way out
        return 141  # what shells show of a program that SIGPIPE ended
    except (OSError, ValueError, ImportError) as error:
        print(f"smtpnb: {error}", file=sys.stderr)
        return 1


def _ran(parsed: argparse.Namespace) -> int:
    status = int(parsed.run(parsed))
    sys.stdout.flush()  # here, where it is seen that nobody reads any more
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="smtpnb", description="See, learn and probe SMTP in Jupyter.")
    parser.add_argument("--version", action="version", version=f"smtpnb {smtpnb.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_lab(commands.add_parser("lab", help="open JupyterLab on the notebooks, at the tour", description=_lab.__doc__))
    _add_panel(commands.add_parser("panel", help="open the control panel as a web page", description=_panel.__doc__))
    _add_sandbox(commands.add_parser("sandbox", help="run the teaching server", description=_sandbox.__doc__))
    _add_probe(commands.add_parser("probe", help="look at a server", description=_probe.__doc__))
    _add_survey(commands.add_parser("survey", help="look at many servers", description=_survey.__doc__))
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


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: more than 0, at most 86400")
    return seconds


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 4096):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of connections: 1 to 4096")
    return int(text)


def _input(text: str) -> Path:
    """A file to read, told before anything is sent where it cannot be."""
    if not Path(text).exists() or Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no file")
    return Path(text)


def _output(text: str) -> Path:
    """A file to write, told before anything is sent where it cannot be: after a survey it would be too late."""
    path = Path(text)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written")
    return path


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=_port, default=25, help="the port to ask (default: 25)")
    parser.add_argument("--timeout", type=_seconds, default=10.0, help="seconds for each reply (default: 10)")
    parser.add_argument("--ehlo-name", metavar="NAME", help="what EHLO says (default: this end's address)")
    parser.add_argument(
        "--implicit-tls", action="store_true", default=None, help="TLS comes first (default: on port 465 alone)"
    )
    parser.add_argument(
        "--ca-file", metavar="FILE", type=_input, help="authorities to trust in place of the system's, PEM"
    )
    parser.add_argument("--every-address", action="store_true", help="ask each address of a name, not one alone")


def _add_probe(parser: argparse.ArgumentParser) -> None:
    from smtpnb.explore.intrusive import CHECKS  # noqa: PLC0415 - brings in the client

    parser.add_argument("host", metavar="HOST", help="a name or an address, also host:port and [IPv6]:port")
    _add_common(parser)
    parser.add_argument("--mx", action="store_true", help="HOST is a mail domain: ask each of its servers")
    parser.add_argument(
        "--check", action="append", choices=CHECKS, default=[], help="do more than look, by name; may be repeated"
    )
    parser.add_argument("--i-have-permission", action="store_true", help="the owner agrees to the checks")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--html", metavar="FILE", type=_output, help="write the card as a page")
    parser.set_defaults(run=_probe)


def _probe(arguments: argparse.Namespace) -> int:
    """Asks one server, by one polite connection. Status 0: it is up and breaks no rule; 1: it does; 2: bad input."""
    from smtpnb import probe  # noqa: PLC0415 - only this command needs it
    from smtpnb.explore.targets import targets_of  # noqa: PLC0415

    targets, problems = targets_of([arguments.host], arguments.port)
    if not targets:
        return _bad(f"{problems[0].text}: {problems[0].why}" if problems else "no host")
    host, port, _ = targets[0]
    try:
        report: Any = probe(
            host, port, timeout=arguments.timeout, ehlo_name=arguments.ehlo_name, implicit_tls=arguments.implicit_tls,
            ca_file=arguments.ca_file, checks=arguments.check, i_have_permission=arguments.i_have_permission,
            mx=arguments.mx, every_address=arguments.every_address,
        )  # fmt: skip
    except ValueError as error:
        return _bad(_in_a_shell(str(error)))
    reports = report.reports if arguments.mx else [report, *(report.others or ())]
    if arguments.html:
        report.to_html(arguments.html)
    print(_json_of(report) if arguments.json else _readable(report.to_text()))
    return 0 if reports and all(each.status == "up" and not each.count("fail") for each in reports) else 1


def _json_of(report: Any) -> str:
    return str(report.to_json(indent=1))


#: Evidence that is our own advice, whole: what a server said is in other evidence, and stays as it is.
_ADVICE: Final = re.compile(
    r"not asked; checks=\['\w+'\] does|the DNS was not asked; probe_domain\(\) does"
    r"|one address was asked; every_address=True asks all of them"
)


def _readable(text: str) -> str:
    """The report with its advice for a shell."""
    return "\n".join(map(_advising, text.split("\n")))


def _advising(line: str) -> str:
    rule, colon, evidence = line.partition(": ")
    return f"{rule}{colon}{_in_a_shell(evidence)}" if _ADVICE.fullmatch(evidence) else line


def _in_a_shell(words: str) -> str:
    """Our words, with the options as a shell has them."""
    for python, shell in _OPTIONS:
        words = python.sub(shell, words)
    return words


def _bad(words: str) -> int:
    """Says in one line what is wrong with the input."""
    print(f"smtpnb: {' '.join(words.split())}", file=sys.stderr)
    return 2


def _add_survey(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=_input, help="text or CSV, one target a line")
    _add_common(parser)
    parser.add_argument(
        "--store", metavar="FILE", type=_output, help="keep results here (SQLite), and go on from there"
    )
    parser.add_argument(
        "--max-workers", metavar="N", type=_workers, default=64, help="connections at once (default: 64)"
    )
    parser.add_argument("--confirm", action="store_true", help="yes, more than a hundred public servers")
    parser.add_argument("--csv", metavar="FILE", type=_output, help="write a row for each host")
    parser.add_argument("--jsonl", metavar="FILE", type=_output, help="write a report a line")
    parser.add_argument("--html", metavar="FILE", type=_output, help="write the card as a page")
    parser.add_argument(
        "--no-progress", action="store_true", help="show no bar (there is none where standard error is no terminal)"
    )
    parser.set_defaults(run=_survey)


def _survey(arguments: argparse.Namespace) -> int:
    """Asks every server in a file, politely. Status 0: all are up; 1: not all, or lines left out; 2: bad input."""
    from smtpnb import survey  # noqa: PLC0415 - only this command needs it

    try:
        done = survey(
            arguments.file, port=arguments.port, timeout=arguments.timeout, ehlo_name=arguments.ehlo_name,
            ca_file=arguments.ca_file, max_workers=arguments.max_workers, store=arguments.store,
            progress=not arguments.no_progress and sys.stderr.isatty(), implicit_tls=arguments.implicit_tls,
            confirm=arguments.confirm, every_address=arguments.every_address,
        )  # fmt: skip
    except ValueError as error:
        return _bad(_in_a_shell(str(error)))
    if not done.targets and not done.problems:
        return _bad(f"no target in {arguments.file}")
    print(done.to_text())
    for write, path in ((done.to_csv, arguments.csv), (done.to_jsonl, arguments.jsonl), (done.to_html, arguments.html)):
        if path:
            write(path)
    if done.interrupted:
        return 130
    return 0 if set(done.counts) <= {"up"} and not done.problems and not done.errors else 1
