"""A throw-away certificate authority and the server certificates it signs, good and bad.

Import this module late: it brings in `ssl`, `trustme` and `cryptography`. One authority serves the whole process,
since making one costs time; nothing of it outlives the process but `ca_file`s, which their sandboxes remove.
"""

import datetime as dt
import functools
import ssl
import threading
from collections.abc import Callable, Mapping
from typing import Final

import trustme

from smtpnb.sandbox.configuration import HOSTNAME

#: The names the certificate is good for.
NAMES: Final = ("localhost", "127.0.0.1", "::1", HOSTNAME)

# trustme puts random words in where it is given none; the same cell gives the same output.
_ORGANIZATION: Final = "smtpnb sandbox"

#: The name in a certificate for somebody else.
WRONG_NAME: Final = "elsewhere.example"

#: A client's thread and the server's ask at the same moment; two authorities would not trust each other.
_ONE_AT_A_TIME: Final = threading.Lock()


def authority() -> trustme.CA:
    """The authority that clients of a sandbox trust: one for the process."""
    with _ONE_AT_A_TIME:
        return _made_once()


@functools.cache
def _made_once() -> trustme.CA:
    return trustme.CA(organization_name=_ORGANIZATION, organization_unit_name="throw-away authority")


def _issued(
    issuer: trustme.CA, *names: str, not_before: dt.datetime | None = None, not_after: dt.datetime | None = None
) -> trustme.LeafCert:
    return issuer.issue_cert(
        *names,
        organization_name=_ORGANIZATION,
        organization_unit_name="throw-away certificate",
        not_before=not_before,
        not_after=not_after,
    )


def _good() -> trustme.LeafCert:
    return _issued(authority(), *NAMES)


def _expired() -> trustme.LeafCert:
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return _issued(authority(), *NAMES, not_before=past, not_after=past + dt.timedelta(days=90))


def _wrong_name() -> trustme.LeafCert:
    return _issued(authority(), WRONG_NAME)


def _unknown_ca() -> trustme.LeafCert:
    stranger = trustme.CA(organization_name="nobody knows", organization_unit_name="this authority")
    return _issued(stranger, *NAMES)


def _two_level() -> trustme.LeafCert:
    # Not create_child_ca(): it takes no names.
    intermediate = trustme.CA(
        parent_cert=authority(),
        path_length=0,
        organization_name=_ORGANIZATION,
        organization_unit_name="throw-away intermediate authority",
    )
    return _issued(intermediate, *NAMES)


_KINDS: Final[Mapping[str, Callable[[], trustme.LeafCert]]] = {
    "good": _good,
    "expired": _expired,
    "wrong-name": _wrong_name,
    "unknown-ca": _unknown_ca,
    "two-level": _two_level,
}


@functools.cache
def server_context(kind: str) -> ssl.SSLContext:
    """What the server makes handshakes with.

    Args:
        kind: one of `CERTIFICATES` of `server`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _KINDS[kind]().configure_cert(context)
    return context


def authority_pem() -> bytes:
    """The authority's certificate, for a client to trust."""
    return authority().cert_pem.bytes()
