"""`Sandbox`: the embedded server as a user sees it."""

import dataclasses
import socket
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Never, Self

from smtpnb.displayable import Displayable
from smtpnb.sandbox.behaviour import Behaviour
from smtpnb.sandbox.ca_file import CaFile
from smtpnb.sandbox.clock import Clock
from smtpnb.sandbox.configuration import HOSTNAME, MAX_ERRORS, MAX_RECIPIENTS
from smtpnb.sandbox.connection import Connection
from smtpnb.sandbox.description import SandboxDescription
from smtpnb.sandbox.directory import Directory, closed
from smtpnb.sandbox.host import Host, loopback
from smtpnb.sandbox.mailbox import Mailbox
from smtpnb.sandbox.memory import MemoryPeer
from smtpnb.sandbox.offer import MAX_MESSAGE, without_starttls
from smtpnb.sandbox.options import Options
from smtpnb.sandbox.reception import Reception
from smtpnb.sandbox.record import SessionRecord
from smtpnb.sandbox.script import Expect, Said, cues
from smtpnb.sandbox.suggestion import one_of
from smtpnb.secret import Secret
from smtpnb.text import plural

if TYPE_CHECKING:
    import ssl

    from smtpnb.client import SmtpClient
    from smtpnb.transport.memory import MemoryStream

#: What the server may show in TLS: a good certificate, and four lessons (`certificates` makes them).
CERTIFICATES: Final = ("good", "expired", "wrong-name", "unknown-ca", "two-level")

#: What the sandbox's own clients call themselves.
CLIENT_NAME: Final = "notebook.example"

_MECHANISMS: Final = ("PLAIN", "LOGIN")


class Sandbox(Displayable):
    """An SMTP server on this machine, for lessons: it takes mail from everyone and delivers it nowhere.

    It listens from the moment it is made, on the loopback interface only, and calls itself sandbox.example. With
    the same options it says the same octets every day. `close()`, or leaving `with`, ends it and all its traces.

    Args:
        users: passwords by login; alice/wonderland and bob/builder unless given.
        mailboxes: addresses; those without a domain are at example.org; alice, bob, carol, postmaster unless given.
        lists: members by list; staff and everyone, of the default mailboxes, unless given.
        forwards: new address by old: mail is taken and goes on (251).
        moved: new address by old: mail is not taken, the new address is told (551).
        vrfy: `verify`, `hide` (252), `ambiguous` (553), `off` (502); or a mapping of names to these, "*" for others.
        expn: `show`, `unnamed`, `deny` (550), `hide` (252), `off` (502); or a mapping of lists to these.
        require_tls: nearly everything before STARTTLS is 530.
        require_auth: nearly everything before AUTH is 530.
        mechanisms: what AUTH offers in the clear: some of PLAIN and LOGIN, or nothing.
        mechanisms_in_tls: what it offers inside TLS; the same unless given.
        refused_mechanisms: a code by mechanism: 534 too weak, 538 only in TLS, 454 not now, 432, 535.
        relay: for whom mail to other domains is taken: `open`, `authenticated`, `denied` (550 5.7.1).
        full_mailboxes: 452 or 552, by mailbox.
        greylisting: virtual seconds that a new sender and recipient wait (451), or 0; `clock.advance` lets them pass.
        size: octets of content in one message.
        extensions: exactly these EHLO lines in the clear, and no other extension works: SIZE and AUTH have their
            values there, in place of `size` and `mechanisms`.
        extensions_in_tls: exactly these inside TLS; those in the clear without STARTTLS unless given.
        enhanced_codes: whether replies carry enhanced status codes (RFC 2034).
        strict_8bit: refuses 8-bit content without BODY=8BITMIME.
        lax_end_of_data: takes a lone dot between bare LFs for the end of mail data: smuggling works.
        latency: seconds before each reply.
        greeting: greets as another protocol: `http`, `ssh`, `pop3`, `tls`, or stays `silent`.
        certificate: `good`, `expired`, `wrong-name`, `unknown-ca`, `two-level`.
        behaviours: any from `smtpnb.sandbox`, applied in order.
        script: pairs (expect, answer) that are followed to the letter, in place of all that is above.
        seed: for behaviours that toss coins.
        max_errors: refusals in one session, before 421.
        max_recipients: recipients in one mail transaction, before 452.
        host: a loopback address.
        port: the port, or 0 for a free one.
        implicit_tls: TLS from the first octet, as on port 465.
        in_memory: no socket and no thread: only `client()` reaches it, and there is no TLS.

    Raises:
        TypeError: an option that does not exist, or of the wrong kind.
        ValueError: an option that is impossible, or that another would leave without a say.
        OSError: the port is taken.
    """

    def __init__(
        self,
        *,
        users: Mapping[str, str | Secret] | None = None,
        mailboxes: Iterable[str] | None = None,
        lists: Mapping[str, Iterable[str]] | None = None,
        forwards: Mapping[str, str] | None = None,
        moved: Mapping[str, str] | None = None,
        vrfy: str | Mapping[str, str] = "verify",
        expn: str | Mapping[str, str] = "show",
        require_tls: bool = False,
        require_auth: bool = False,
        mechanisms: Iterable[str] = _MECHANISMS,
        mechanisms_in_tls: Iterable[str] | None = None,
        refused_mechanisms: Mapping[str, int] | None = None,
        relay: str = "open",
        full_mailboxes: Mapping[str, int] | None = None,
        greylisting: float = 0.0,
        size: int = MAX_MESSAGE,
        extensions: Iterable[str] | None = None,
        extensions_in_tls: Iterable[str] | None = None,
        enhanced_codes: bool = True,
        strict_8bit: bool = False,
        lax_end_of_data: bool = False,
        latency: float = 0.0,
        greeting: str | None = None,
        certificate: str = "good",
        behaviours: Iterable[Behaviour] = (),
        script: Iterable[tuple[Expect, Said]] | None = None,
        seed: int = 0,
        max_errors: int = MAX_ERRORS,
        max_recipients: int = MAX_RECIPIENTS,
        host: str = "127.0.0.1",
        port: int = 0,
        implicit_tls: bool = False,
        in_memory: bool = False,
        **misspelt: Never,
    ) -> None:
        users = None if users is None else closed(users)
        self._options = Options(Sandbox, locals())
        self._configuration = self._options.configuration()
        script = self._options.all["script"]
        self._reception = Reception(self._configuration, None if script is None else cues(script))
        self._scripted = script is not None
        self._certificate = one_of(certificate, CERTIFICATES, "the certificate")
        self._address, self._port, self._implicit_tls = loopback(host), port, implicit_tls
        self._in_memory = in_memory
        self._ca_file = CaFile()
        self._host: Host | None = None
        self._port_now = 0
        self._ending: weakref.finalize[Any, Any] | None = None
        self.start()

    @property
    def host(self) -> str:
        """The address it listens on; in memory, its name."""
        return HOSTNAME if self._in_memory else self._address

    @property
    def port(self) -> int:
        """The port it listens on, or listened on last; in memory, the one it would be."""
        return self._port_now or (25 if self._in_memory else self._port)

    @property
    def ca_file(self) -> str:
        """A file with the certificate of its authority; it is gone after `close()`."""
        return self._ca_file.path

    @property
    def messages(self) -> Mailbox:
        """What it received, a sequence that grows."""
        return self._configuration.mailbox

    @property
    def clock(self) -> Clock:
        """Its virtual clock, which greylisting reads."""
        return self._configuration.clock

    @property
    def directory(self) -> Directory:
        """Who lives here."""
        return self._configuration.directory

    @property
    def sessions(self) -> tuple[SessionRecord, ...]:
        """The sessions so far as the server saw them, secrets hidden."""
        return self._reception.records()

    @property
    def listening(self) -> bool:
        """Whether clients can reach it."""
        return self._in_memory or self._host is not None

    def start(self) -> Self:
        """Listens, where it does not yet; after `close()` again, with all that it knows.

        Raises:
            OSError: the port is taken.
        """
        if not self.listening:
            # Neither the host nor its threads know the sandbox: one that is dropped without close() ends as well.
            connect = _connect(self._reception, self._certificate, implicit_tls=self._implicit_tls)
            self._host = Host(self._address, self._port, connect)
            self._port_now = self._host.port
            self._ending = weakref.finalize(self, _end, self._host, self._ca_file)
        return self

    def close(self) -> None:
        """Stops listening and ends all sessions; no thread, socket or file is left. Idempotent."""
        if self._ending is not None:
            self._ending()
        self._ca_file.remove()
        self._host = self._ending = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def client(self, *, in_memory: bool = False, **options: Any) -> "SmtpClient":
        """An `SmtpClient` to it, not yet connected, that trusts its authority.

        Args:
            in_memory: without a socket, also where the sandbox listens on one; STARTTLS is then not offered.
            options: further arguments of `SmtpClient`.
        """
        from smtpnb.client import SmtpClient  # noqa: PLC0415 - a sandbox serves without a client too
        from smtpnb.sandbox.tls import TrustingContext  # noqa: PLC0415 - importing the sandbox must not import ssl

        options.setdefault("local_hostname", CLIENT_NAME)
        options.setdefault("label", HOSTNAME)
        if in_memory or self._in_memory:
            return self._known(SmtpClient(HOSTNAME, stream=self._memory_stream, **options))
        # By its bound method the context holds the sandbox, so that `Sandbox().client()` keeps its server.
        options.setdefault("ssl_context", TrustingContext(self._authority))
        options.setdefault("implicit_tls", self._implicit_tls)
        return self._known(SmtpClient(self.host, self.port, **options))

    def _known(self, client: "SmtpClient") -> "SmtpClient":
        client.origin = self
        return client

    @property
    def options(self) -> dict[str, Any]:
        """The options it was made with, where they are not the usual ones; passwords closed."""
        return dict(self._options.unusual)

    def description(self) -> SandboxDescription:
        """All about it at this moment: who lives here, what is switched on, what came; no password."""
        shared, directory = self._configuration, self._configuration.directory
        in_tls = shared.offer.in_tls
        return SandboxDescription(
            name=f"{HOSTNAME}, {self._state()}",
            users=directory.logins,
            mailboxes=tuple(str(entry.address) for entry in directory.mailboxes),
            lists=tuple((str(e.address), ", ".join(map(str, e.members or ()))) for e in directory.lists),
            redirected=tuple(_redirected(directory)),
            offers=shared.offer.in_clear,
            offers_in_tls=() if in_tls == without_starttls(shared.offer.in_clear) else in_tls,
            options=tuple(self._switched_on()),
            behaviours=tuple(map(str, shared.behaviours)),
            messages=tuple(self.messages),
            sessions=self.sessions,
        )

    def _switched_on(self) -> Iterator[str]:
        """What is switched on that is no behaviour, as it was asked for."""
        shared = self._configuration
        yield from (f"{told.option}={told.choice!r}" for told in (shared.vrfy, shared.expn) if told.choice is not None)
        on = {
            "certificate": self._certificate != "good" and self._certificate,
            "implicit_tls": self._implicit_tls,
            "lax_end_of_data": shared.lax_end_of_data,
            "strict_8bit": shared.strict_8bit,
            "max_errors": shared.max_errors != MAX_ERRORS and shared.max_errors,
            "max_recipients": shared.max_recipients != MAX_RECIPIENTS and shared.max_recipients,
            "seed": shared.seed,
            "script": self._scripted,
        }
        yield from (f"{name}={value!r}" for name, value in on.items() if value)

    def to_text(self) -> str:
        """All about it, line by line; no password."""
        return self.description().to_text()

    def _repr_html_(self) -> str | None:
        return self.description()._repr_html_()

    def __repr__(self) -> str:
        return f"<Sandbox {HOSTNAME}, {self._state()}, {plural(len(self.messages), 'message')}>"

    def _state(self) -> str:
        """In memory, listening, closed; with the port where the user chose it: any other is the system's."""
        if self._in_memory:
            return "in memory"
        where = f" on {self._address}:{self._port}" if self._port else ""
        return ("listening" if self.listening else "closed") + where

    def _authority(self) -> bytes:
        from smtpnb.sandbox.certificates import authority_pem  # noqa: PLC0415 - costs time, and most never need it

        return authority_pem()

    def _memory_stream(self) -> "MemoryStream":
        from smtpnb.transport.memory import MemoryStream  # noqa: PLC0415 - imports ssl

        offer = self._configuration.offer
        in_clear = dataclasses.replace(offer, in_clear=without_starttls(offer.in_clear))
        shared = dataclasses.replace(self._configuration, offer=in_clear)
        return MemoryStream(MemoryPeer(self._reception.session(shared)))


def _connect(reception: Reception, certificate: str, *, implicit_tls: bool) -> Callable[[socket.socket], Connection]:
    """What makes a connection of an accepted socket."""

    def context() -> "ssl.SSLContext":
        from smtpnb.sandbox.certificates import server_context  # noqa: PLC0415 - costs time, and most never need it

        return server_context(certificate)

    return lambda sock: Connection(sock, reception.session(), context, implicit_tls=implicit_tls)


def _end(host: Host, ca_file: CaFile) -> None:
    host.close()
    ca_file.remove()


def _redirected(directory: Directory) -> Iterator[tuple[str, str]]:
    """Old address and what became of it."""
    yield from (("@".join(old), f"forwarded to {new}") for old, new in directory.forwards.items())
    yield from (("@".join(old), f"moved to {new}") for old, new in directory.moved.items())
