"""A session of presses as Python that runs alone: what each press did, in order, without a secret.

A secret is asked for where it is needed. What ended in an error is tried and its message printed, so that the program
goes on as the session did.
"""

import ast
from typing import Final

#: Name → the module it is imported from, where the program uses it.
_HOMES: Final = {
    "EmailMessage": "email.message",
    "getpass": "getpass",
    "Sandbox": "smtpnb",
    "SmtpClient": "smtpnb",
    "SmtpError": "smtpnb",
    "ask_secret": "smtpnb",
}

_END: Final = "client.transcript"


class Program:
    """The Python so far."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._setup: list[str] = []
        self._message = ""

    def begin(self, setup: str) -> None:
        """Makes the client: from here on it is another one."""
        self._blocks.append(setup)

    def add(self, source: str, *, failed: bool = False) -> None:
        """Adds what was done; `failed` where it raised an `SmtpError`."""
        self._blocks.append(_tried(source) if failed else source)

    def add_cancelled(self, source: str) -> None:
        """Adds what was cancelled as a comment: it would wait as long again."""
        lines = "".join(f"#   {line}\n" for line in source.splitlines())
        self._blocks.append(f"# cancelled here:\n{lines}client.disconnect()")

    def add_message(self, source: str) -> None:
        """Adds the making of a message, where it is not the one that is there already."""
        if source != self._message:
            self._message = source
            self._blocks.append(f"\n{source}")

    def restart(self, setup: str) -> None:
        """Forgets everything, and begins with `setup`."""
        self._blocks, self._message = [setup], ""

    @property
    def source(self) -> str:
        """The whole program; empty where nothing was done."""
        if not self._blocks:
            return ""
        body = "\n".join([*self._blocks, _END]) + "\n"
        return f"{_imports(body)}\n{body}"


def _tried(source: str) -> str:
    lines = "\n".join(f"    {line}" for line in source.splitlines())
    return f"try:\n{lines}\nexcept SmtpError as error:\n    print(error)"


def _imports(body: str) -> str:
    """The imports that the body needs, sorted."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    homes: dict[str, list[str]] = {}
    for name, home in _HOMES.items():
        if name in used:
            homes.setdefault(home, []).append(name)
    for name in sorted(used & _behaviours()):
        homes.setdefault("smtpnb.sandbox", []).append(name)
    return "".join(f"from {home} import {', '.join(names)}\n" for home, names in sorted(homes.items()))


def _behaviours() -> set[str]:
    from smtpnb import sandbox  # noqa: PLC0415 - not loaded for a session with another server

    return set(sandbox.__all__) - {"Sandbox"}
