"""Whom a panel talks to: the clients for what its form names, and the Python that makes them."""

import ast
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from smtpnb import sandbox as sandboxes
from smtpnb.client import SmtpClient
from smtpnb.panel.form import IMPLICIT, Form
from smtpnb.protocol.limits import DEFAULT_TIMEOUT
from smtpnb.sandbox import Sandbox

#: The name under which the panel finds a sandbox.
SANDBOX: Final = "sandbox.example"

#: What fits the sandbox's people, so that every button has something to do at once.
_SANDBOX_FORM: Final = Form(
    host=SANDBOX,
    login="alice",
    user="alice",
    list="staff",
    sender="alice@example.org",
    to="bob@example.org",
    subject="Hello",
    body="Hello Bob,\n\nthis came from the panel.\n",
)

_HOST_PORT: Final = re.compile(r"(?P<host>\[[^]]+\]|[^:]+)(?::(?P<port>[0-9]+))?")

#: What a value is made of that Python can write down.
_TEXTS: Final = (ast.Expression, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Call, ast.keyword, ast.Name,
                 ast.Load, ast.UnaryOp, ast.USub)  # fmt: skip

#: Options of a sandbox that mean nothing to another one.
_OWN: Final = ("host", "port", "in_memory")


@dataclass(frozen=True, slots=True)
class Target:
    """A client, and what makes it.

    Attributes:
        client: the client.
        setup: the Python that makes one like it, as `client`.
        sandbox: the sandbox it talks to, or None.
    """

    client: SmtpClient
    setup: str
    sandbox: Sandbox | None = None


class Targets:
    """Finds the client for a form; the same one again for the same server.

    Args:
        given: a client, a sandbox, "host:port", or None for a sandbox of the panel's own.

    Raises:
        TypeError: it is none of these.
        ValueError: no host and port.
    """

    def __init__(self, given: SmtpClient | Sandbox | str | None = None) -> None:
        self._given: SmtpClient | None = None
        self._sandbox: Sandbox | None = None
        self._own: dict[bool, Sandbox] = {}
        self._known: dict[tuple[str, int, bool], Target] = {}
        self._named: set[str] = set()
        match given:
            case None:
                self.form = _SANDBOX_FORM
            case Sandbox():
                self._sandbox = given
                self.form = replace(_SANDBOX_FORM, security=_security(given.options.get("implicit_tls", False)))
            case SmtpClient():
                self._take(given)
            case str():
                self.form = _typed(given)
            case _:
                raise TypeError(f"a panel is for a client, a sandbox or 'host:port', not {type(given).__name__}")

    def _take(self, client: SmtpClient) -> None:
        security = _security(client.implicit_tls)
        origin = client.origin
        if isinstance(origin, Sandbox):
            self._sandbox = origin
            self.form = replace(_SANDBOX_FORM, security=security)
        else:
            self.form = Form(host=client.label or client.host, port="" if client.label else str(client.port),
                             security=security)  # fmt: skip
        self._given = client
        self._known[_key(self.form)] = Target(client, self._setup_of(client), self._sandbox)

    def find(self, form: Form) -> Target:
        """The target that `form` names.

        Raises:
            ValueError: there can be no such host or port.
        """
        key = _key(form)
        if key not in self._known:
            self._known[key] = self._made(form)
        return self._known[key]

    def _made(self, form: Form) -> Target:
        implicit = form.security == IMPLICIT
        host = form.host.strip()
        if host == SANDBOX:
            sandbox = self._sandbox or self._started(implicit=implicit)
            options = {"implicit_tls": True} if implicit and self._sandbox else {}
            return Target(sandbox.client(**options), self._sandbox_setup(sandbox, options), sandbox)
        timeout = self._given.timeout if self._given else DEFAULT_TIMEOUT
        client = SmtpClient(host, form.port_number, implicit_tls=implicit, timeout=timeout)
        return Target(client, self._setup_of(client))

    def _started(self, *, implicit: bool) -> Sandbox:
        if implicit not in self._own:
            self._own[implicit] = Sandbox(implicit_tls=implicit)
        return self._own[implicit]

    @property
    def sandboxes(self) -> tuple[Sandbox, ...]:
        """The sandboxes it talks to, its own and a given one."""
        return (*([self._sandbox] if self._sandbox else []), *self._own.values())

    def close(self) -> None:
        """Ends the sandboxes that were started here; a given one is its owner's to end."""
        for sandbox in self._own.values():
            sandbox.close()

    # -- as Python -------------------------------------------------------------------------------------------

    def _setup_of(self, client: SmtpClient) -> str:
        if isinstance(client.origin, Sandbox):
            return self._sandbox_setup(client.origin, {"implicit_tls": True} if client.implicit_tls else {})
        options = {"timeout": client.timeout} if client.timeout != DEFAULT_TIMEOUT else {}
        options |= {"implicit_tls": True} if client.implicit_tls else {}
        lines = f"client = SmtpClient({_arguments(client.host, client.port, **options)})"
        if client.has_own_context:
            lines = f"# The panel's client had TLS settings of its own: add ssl_context=...\n{lines}"
        return lines

    def _sandbox_setup(self, sandbox: Sandbox, options: dict[str, Any]) -> str:
        """A sandbox like this one, and a client of it."""
        if sandbox.options.get("implicit_tls"):
            options = {}
        return f"{_sandbox_source(sandbox)}\nclient = sandbox.client({_arguments(**options)})"


def _key(form: Form) -> tuple[str, int, bool]:
    host = form.host.strip()
    return host, 0 if host == SANDBOX else form.port_number, form.security == IMPLICIT


def _security(implicit: Any) -> str:
    return IMPLICIT if implicit else "none"


def _typed(text: str) -> Form:
    """The form for "host:port"."""
    match = _HOST_PORT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"a server is named by 'host' or 'host:port', such as 'mail.example.org:587', not {text!r}")
    port = match["port"] or ""
    security = {"465": IMPLICIT, "587": "STARTTLS"}.get(port, "none")
    form = Form(host=match["host"], port=port, security=security)
    if form.host != SANDBOX:
        SmtpClient(form.host, form.port_number)  # refuses what can be no host or port
    return form


def _arguments(*values: Any, **options: Any) -> str:
    return ", ".join([*map(repr, values), *(f"{name}={value!r}" for name, value in options.items())])


def _sandbox_source(sandbox: Sandbox) -> str:
    """The Python that makes a sandbox like this one; an option that has no text is named in a comment."""
    arguments, lost = [], []
    for name, value in sandbox.options.items():
        if name == "users":
            people = ", ".join(f"{login!r}: ask_secret({f'Password of {login} in the sandbox: '!r})" for login in value)
            arguments.append(f"users={{{people}}}")
        elif name in _OWN:
            continue
        elif _has_text(value):
            arguments.append(f"{name}={value!r}")
        else:
            lost.append(name)
    line = f"sandbox = Sandbox({', '.join(arguments)})"
    return f"# The panel's sandbox had more options: {', '.join(lost)}\n{line}" if lost else line


def _has_text(value: Any) -> bool:
    """Whether the value's repr makes it again: literals, and the behaviours of `smtpnb.sandbox`."""
    try:
        nodes = list(ast.walk(ast.parse(repr(value), mode="eval")))
    except (SyntaxError, ValueError):
        return False
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names <= set(sandboxes.__all__) and all(isinstance(node, _TEXTS) for node in nodes)
