"""`%smtp` and `%%smtp`: a session in a notebook, one line or one cell of raw SMTP at a time.

The only module that imports IPython. Nothing is expanded in a line (`$`, `{}`): they are signs that addresses and
passwords may hold. A password is never on a line; `%smtp auth LOGIN` asks for it.
"""

import difflib
import re
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from IPython.core.error import StdinNotImplementedError, UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from smtpnb.knowledge import verbs
from smtpnb.protocol.conversation import Stage
from smtpnb.secret import ask_secret
from smtpnb.transcript import Transcript

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from smtpnb.client import SmtpClient
    from smtpnb.sandbox import Sandbox

#: `<<name` or `-o name`, at the beginning or the end of the line: where the result goes.
_KEEP: Final = re.compile(r"(?:^|\s)(?:<<|-o(?=\s))\s*(\S*)\s*$|^(?:<<|-o(?=\s))\s*(\S+)(?=\s|$)")
_HOST_PORT: Final = re.compile(r"(?P<host>\[[^]]+\]|[^:]+)(?::(?P<port>[0-9]{1,5}))?")

_NO_CONNECTION: Final = (
    "there is no connection: `%smtp sandbox` starts a server here and connects to it, `%smtp connect HOST[:PORT]` "
    "connects to another"
)


class Word(NamedTuple):
    """A word that may follow `%smtp`.

    Attributes:
        usage: how it is written.
        help: what it does; empty for a verb, whose purpose the knowledge has.
        least: how many arguments it needs.
        most: how many it takes.
    """

    usage: str
    help: str = ""
    least: int = 0
    most: int = 0


WORDS: Final = {
    "sandbox": Word("sandbox", "Starts a server in this kernel, once, and connects to it."),
    "connect": Word(
        "connect HOST[:PORT] [--tls]", "Connects; --tls encrypts before the greeting, as on port 465.", 1, 2
    ),
    "ehlo": Word("ehlo [NAME]", most=1),
    "helo": Word("helo [NAME]", most=1),
    "starttls": Word("starttls"),
    "auth": Word("auth LOGIN [MECHANISM]", "Logs in by PLAIN or LOGIN; asks for the password.", 1, 2),
    "mail": Word("mail ADDRESS [PARAMETER ...]", least=0, most=99),
    "rcpt": Word("rcpt ADDRESS [PARAMETER ...]", least=1, most=99),
    "data": Word("data", "Announces the content; a cell of %%smtp can hold the content too."),
    "vrfy": Word("vrfy NAME", least=1, most=99),
    "expn": Word("expn LIST", least=1, most=99),
    "rset": Word("rset"),
    "noop": Word("noop"),
    "help": Word("help [TOPIC]", most=1),
    "quit": Word("quit"),
    "transcript": Word("transcript", "Shows all that was said."),
    "state": Word("state", "Shows where the session stands, and what the standard expects next."),
}

_HELP: Final = """%smtp VERB [ARGUMENTS]: one step of an SMTP session; gives the reply.
%%smtp: a cell of raw SMTP lines, a DATA block up to its lone dot included; gives the transcript.

{words}

Behind any of them, <<name or -o name keeps the result as `name` and shows nothing. Lines of a %%smtp cell that begin
with # are remarks, but for those inside a DATA block. Nothing is expanded in a line: $ and {{}} are sent as they are.
"""


@magics_class
class SmtpMagics(Magics):
    """The magics and their session.

    Attributes:
        client: the present client, or None.
        sandbox: the sandbox that `%smtp sandbox` started, or None.
    """

    def __init__(self, shell: "InteractiveShell") -> None:
        super().__init__(shell)
        self.client: SmtpClient | None = None
        self.sandbox: Sandbox | None = None

    @no_var_expand
    @line_cell_magic
    def smtp(self, line: str, cell: str | None = None) -> Any:
        """One step of an SMTP session, or a cell of raw SMTP lines: `%smtp --help` tells all."""
        line, name = _kept(line)
        value = self._one(line) if cell is None or line in ("--help", "-h") else self._cell(line, cell)
        if not name or self.shell is None:
            return value
        self.shell.user_ns[name] = value
        return None

    def _cell(self, line: str, cell: str) -> Transcript:
        if line:
            raise UsageError(f"%%smtp takes <<name or -o name, and nothing else: the lines go below it, not {line!r}")
        steps = parsed(cell)
        return _played(self._connected(), steps)

    def _one(self, line: str) -> Any:
        try:
            words = shlex.split(line, posix=False)
        except ValueError as error:
            raise UsageError(f"%smtp: {error}") from None
        if not words or words[0] in ("--help", "-h"):
            print(help_text())
            return None
        name, arguments = words[0].lower(), words[1:]
        word = WORDS.get(name)
        if word is None:
            raise UsageError(f"%smtp has no {words[0]!r}{_near(name)} (see %smtp --help)")
        if "--help" in arguments:
            print(f"%smtp {word.usage}\n{_purpose(name)}")
            return None
        if not word.least <= len(arguments) <= word.most:
            raise UsageError(f"usage: %smtp {word.usage}")
        try:
            return _STEPS[name](self, arguments)
        except (ValueError, TypeError) as error:
            raise UsageError(f"%smtp {name}: {error}") from None

    def _connected(self) -> "SmtpClient":
        if self.client is None or not _in_session(self.client):
            raise UsageError(_NO_CONNECTION)
        return self.client

    def close(self) -> None:
        """Ends the connection and the sandbox that was started here."""
        if self.client is not None:
            self.client.disconnect()
        if self.sandbox is not None:
            self.sandbox.close()
        self.client = self.sandbox = None

    # -- the steps ---------------------------------------------------------------------------------------------

    def _use(self, client: "SmtpClient") -> Any:
        if self.client is not None:
            self.client.disconnect()
        self.client = client
        return client.connect()

    def _sandbox(self, _: list[str]) -> Any:
        from smtpnb.sandbox import Sandbox  # noqa: PLC0415 - not loaded by who talks to another server

        if self.sandbox is None:
            self.sandbox = Sandbox()
        return self._use(self.sandbox.client())

    def _connect(self, arguments: list[str]) -> Any:
        from smtpnb.client import SmtpClient  # noqa: PLC0415 - `%load_ext smtpnb` stays light

        tls = "--tls" in arguments
        hosts = [argument for argument in arguments if argument != "--tls"]
        match = _HOST_PORT.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None:
            raise UsageError(f"usage: %smtp {WORDS['connect'].usage}")
        port = int(match["port"]) if match["port"] else 465 if tls else 25
        return self._use(SmtpClient(match["host"], port, implicit_tls=tls))

    def _auth(self, arguments: list[str]) -> Any:
        client, login = self._connected(), arguments[0]
        offered = client.capabilities.mechanisms
        usual = "LOGIN" if "LOGIN" in offered and "PLAIN" not in offered else "PLAIN"
        mechanism = (arguments[1] if len(arguments) > 1 else usual).upper()
        if mechanism not in ("PLAIN", "LOGIN"):
            raise UsageError(f"%smtp auth knows PLAIN and LOGIN, not {mechanism}")
        try:
            password = ask_secret(f"Password of {login}: ")
        except StdinNotImplementedError:
            raise UsageError("%smtp auth asks for the password, and nobody can be asked here") from None
        if mechanism == "PLAIN":
            return client.auth_plain(login, password)
        reply = client.auth("LOGIN")
        if reply.code == 334:
            reply = client.auth_login_username(login)
        return client.auth_login_password(password) if reply.code == 334 else reply


def help_text() -> str:
    """What `%smtp --help` prints."""
    width = max(len(word.usage) for word in WORDS.values())
    return _HELP.format(words="\n".join(f"  {word.usage:{width}}  {_purpose(name)}" for name, word in WORDS.items()))


def _purpose(name: str) -> str:
    return WORDS[name].help or verbs.row(name).purpose


def _near(name: str) -> str:
    near = difflib.get_close_matches(name, WORDS, n=1, cutoff=0.5)
    return f": did you mean {near[0]!r}?" if near else ""


def _kept(line: str) -> tuple[str, str]:
    """The line without its `<<name`, and the name; an empty one where there is none.

    Raises:
        UsageError: the name is none.
    """
    line = line.strip()
    match = _KEEP.search(line)
    if match is None:
        return line, ""
    name = match[1] or match[2] or ""
    if not name.isidentifier():
        raise UsageError(f"behind << or -o stands a name for the result, such as <<reply, not {name!r}")
    return (line[: match.start()] + line[match.end() :]).strip(), name


def _in_session(client: "SmtpClient") -> bool:
    """Whether the server still listens: after a raw QUIT it has said goodbye, though the socket may be open."""
    return client.connected and client.conversation.stage is not Stage.CLOSED


def _verb(name: str) -> Callable[[SmtpMagics, list[str]], Any]:
    return lambda magics, arguments: getattr(magics._connected(), name)(*arguments)


def _name(name: str) -> Callable[[SmtpMagics, list[str]], Any]:
    """VRFY and EXPN take the rest of the line: a name may hold spaces."""
    return lambda magics, arguments: getattr(magics._connected(), name)(" ".join(arguments))


def _client(magics: SmtpMagics) -> "SmtpClient":
    if magics.client is None:
        raise UsageError(_NO_CONNECTION)
    return magics.client


_STEPS: Final[dict[str, Callable[[SmtpMagics, list[str]], Any]]] = {
    "sandbox": SmtpMagics._sandbox,
    "connect": SmtpMagics._connect,
    "auth": SmtpMagics._auth,
    **{name: _verb(name) for name in ("ehlo", "helo", "starttls", "rcpt", "data", "rset", "noop", "help", "quit")},
    "mail": lambda magics, arguments: magics._connected().mail(*(arguments or [""])),
    "vrfy": _name("vrfy"),
    "expn": _name("expn"),
    "transcript": lambda magics, _: _client(magics).transcript,
    "state": lambda magics, _: _client(magics).conversation,
}


# -- a cell of raw lines ---------------------------------------------------------------------------------------------


class RawStep(NamedTuple):
    """A line of a cell, and the content below it where it is DATA."""

    line: str
    content: str | None = None


def parsed(cell: str) -> list[RawStep]:
    """The steps of a cell.

    Raises:
        UsageError: a DATA block without its lone dot, or BDAT, whose octets no line can hold. Nothing was sent.
    """
    lines = iter(cell.split("\n"))
    steps: list[RawStep] = []
    for line in lines:
        verb = line.strip().upper().partition(" ")[0]
        if verb == "BDAT":
            raise UsageError("BDAT counts octets, which lines of a cell are not: client.bdat(...) sends it")
        if verb == "DATA":
            steps.append(RawStep(line.rstrip("\r"), _block(lines)))
        elif line.strip() and not line.lstrip().startswith("#"):
            steps.append(RawStep(line.rstrip("\r")))
    return steps


def _block(lines: Any) -> str:
    content: list[str] = []
    for line in lines:
        if line.rstrip("\r") == ".":
            return "".join(f"{each}\r\n" for each in content)
        content.append(line.rstrip("\r"))
    raise UsageError("the DATA block does not end: its last line is a dot alone")


def _played(client: "SmtpClient", steps: list[RawStep]) -> Transcript:
    """The transcript of the steps alone; content that the server does not want is left out."""
    before = len(client.transcript)
    for step in steps:
        if not _in_session(client):
            break  # a 421 or QUIT: what follows has nowhere to go
        client.get_response(step.line)
        if step.content is not None and client.conversation.stage is Stage.DATA:
            client.data_body(step.content, verbatim=True)  # the dots are stuffed by hand: it is what was typed
    return client.transcript.since(before)


# -- loading ---------------------------------------------------------------------------------------------------------


def completions(_: object, event: Any) -> list[str]:
    """The words that may come next in `%smtp …`."""
    words = event.line.split()
    if len(words) > 2 or (len(words) == 2 and not event.symbol):
        return ["--tls"] if words[1] == "connect" else []
    return [*WORDS, "--help"]


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """`%load_ext smtpnb`: defines `%smtp` and `%%smtp`."""
    magics = SmtpMagics(shell)
    shell.register_magics(magics)
    _forget_completion(shell)
    shell.set_hook("complete_command", completions, str_key="%smtp")  # type: ignore[no-untyped-call]


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """`%unload_ext smtpnb`: ends the session and takes the magics away."""
    magics = shell.magics_manager.registry.pop(SmtpMagics.__name__, None)
    if magics is not None:
        magics.close()
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("smtp", None)
    _forget_completion(shell)


def _forget_completion(shell: "InteractiveShell") -> None:
    dispatch = shell.strdispatchers.get("complete_command")
    if dispatch is not None:
        dispatch.strs.pop("%smtp", None)
