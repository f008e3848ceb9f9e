"""Frozen facts about a session: `TlsInfo`, `Certificate`, `SessionSnapshot`. Nothing here opens a connection."""

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from smtpnb.displayable import Displayable
from smtpnb.protocol.capabilities import Capabilities
from smtpnb.protocol.conversation import Conversation
from smtpnb.text import plural, visible

if TYPE_CHECKING:
    from cryptography import x509

    from smtpnb.transcript import Transcript


#: Certificates and names shown; a peer may send thousands.
_CHAIN, _NAMES = 10, 50


@dataclass(frozen=True)
class Certificate:
    """An X.509 certificate as data.

    Attributes:
        der: the certificate itself.
    """

    der: bytes = field(repr=False)

    @property
    def parsed(self) -> "x509.Certificate":
        """The certificate as `cryptography` reads it, with everything that is not below.

        Raises:
            ValueError: it cannot be read; a server may send anything.
        """
        return _parsed(self.der)

    @property
    def subject(self) -> str:
        """The subject's distinguished name (RFC 4514), visible."""
        return visible(self.parsed.subject.rfc4514_string())

    @property
    def issuer(self) -> str:
        """The issuer's distinguished name (RFC 4514), visible."""
        return visible(self.parsed.issuer.rfc4514_string())

    @property
    def names(self) -> tuple[str, ...]:
        """The DNS names and IP addresses it is for (subjectAltName), visible."""
        from cryptography import x509  # noqa: PLC0415

        try:
            names = self.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, ValueError):
            return ()
        addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
        return tuple(visible(name) for name in [*names.get_values_for_type(x509.DNSName), *addresses])

    @property
    def not_before(self) -> dt.datetime:
        """Valid from, UTC."""
        return self.parsed.not_valid_before_utc

    @property
    def not_after(self) -> dt.datetime:
        """Valid to, UTC."""
        return self.parsed.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

        return self.parsed.fingerprint(hashes.SHA256()).hex()

    @property
    def key(self) -> str:
        """The public key's kind and size: `RSA 2048`, `EC secp256r1`."""
        from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415

        key = self.parsed.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            return f"RSA {key.key_size}"
        if isinstance(key, ec.EllipticCurvePublicKey):
            return f"EC {key.curve.name}"
        return type(key).__name__.removesuffix("PublicKey").strip("_")

    def to_text(self) -> str:
        """Names, validity, issuer and key, line by line; that it cannot be read, where it cannot."""
        try:
            names, subject, issuer, key = ", ".join(self.names[:_NAMES]), self.subject, self.issuer, self.key
            dates = f"{self.not_before:%Y-%m-%d} to {self.not_after:%Y-%m-%d} (UTC)"
        except ValueError:  # a server may send anything for a certificate
            return f"Cannot be read: {len(self.der):,} octets"
        more = f" and {len(self.names) - _NAMES:,} more" if len(self.names) > _NAMES else ""
        return f"Subject: {subject}\nNames: {names or 'none'}{more}\nIssuer: {issuer}\nValid: {dates}\nKey: {key}"

    def __repr__(self) -> str:
        try:
            return f"<Certificate for {', '.join(self.names) or self.subject} from {self.issuer}>"
        except ValueError:
            return f"<Certificate that cannot be read, {len(self.der):,} octets>"


@lru_cache(maxsize=64)  # each property asks; kept outside the value, which stays picklable
def _parsed(der: bytes) -> "x509.Certificate":
    from cryptography import x509  # noqa: PLC0415 - heavy, and most sessions never look

    return x509.load_der_x509_certificate(der)


@dataclass(frozen=True)
class TlsInfo(Displayable):
    """What a TLS handshake agreed on.

    Attributes:
        version: such as "TLSv1.3".
        cipher: the cipher suite's name.
        bits: the strength of its key, in bits.
        verified: whether chain, name, dates and purpose of the certificate were checked.
        server_name: the name it was checked against, and that was asked for (SNI).
        chain: the certificates the peer sent, its own first.
    """

    version: str
    cipher: str
    bits: int
    verified: bool
    server_name: str
    chain: tuple[Certificate, ...] = field(default=(), repr=False)

    @property
    def certificate(self) -> Certificate | None:
        """The peer's own certificate."""
        return self.chain[0] if self.chain else None

    @property
    def assurance(self) -> str:
        """Whether the certificate was checked, in words."""
        if self.verified:
            return f"certificate verified for {visible(self.server_name)}"
        return "certificate NOT verified: anyone could be at the other end"

    @property
    def checked(self) -> str:
        """What was checked, in words."""
        if self.verified:
            return f"chain, dates and purpose against the trusted authorities, and the name {visible(self.server_name)}"
        return "nothing: neither who issued the certificate nor whom it is for"

    def to_text(self) -> str:
        """What was agreed on, and each certificate of the chain, line by line."""
        lines = [
            f"TLS: {self.assurance}",
            f"Version: {visible(self.version)}",
            f"Cipher: {visible(self.cipher)} ({self.bits} bits)",
            f"Checked: {self.checked}",
            f"Asked for: {visible(self.server_name)}",
        ]
        for position, certificate in enumerate(self.chain[:_CHAIN]):
            lines.append(f"Signed it, step {position}:" if position else "The server's own:")
            lines += (f"  {line}" for line in certificate.to_text().splitlines())
        more = len(self.chain) - _CHAIN
        return "\n".join([*lines, *([f"… {plural(more, 'more certificate')}"] if more > 0 else ())])

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<TlsInfo {self.version}, {self.cipher}, {self.assurance}>"


@dataclass(frozen=True)
class SessionSnapshot(Displayable):
    """A session at one moment, frozen and picklable.

    Attributes:
        host: the host as the user gave it.
        port: the port.
        address: (ip, port) of the peer, or (host, port) before connect.
        secure: whether TLS is on.
        authenticated: whether AUTH succeeded.
        conversation: where the session stands.
        capabilities: what the server offers now.
        capability_history: what it offered at each EHLO.
        tls_info: what the handshake agreed on, or None.
        transcript: what was said.
    """

    host: str
    port: int
    address: tuple[str, int]
    secure: bool
    authenticated: bool
    conversation: Conversation
    capabilities: Capabilities
    capability_history: tuple[Capabilities, ...]
    tls_info: TlsInfo | None
    transcript: "Transcript"

    def to_text(self) -> str:
        """Where it stands, what is offered, TLS, and all that was said."""
        parts = [
            f"Session with {visible(self.host)}\n{self.conversation.to_text()}",
            f"Offered:\n{self.capabilities.to_text() or 'nothing yet'}",
            self.tls_info.to_text() if self.tls_info else "TLS: not on",
            self.transcript.to_text(),
        ]
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return f"<SessionSnapshot with {visible(self.host)}: {self.conversation.summary}>"
