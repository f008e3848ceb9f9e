"""TLS at arm's length: the kinds of certificates, and a client's context that costs nothing until it is used.

Import this module late: it brings in `ssl`.
"""

import ssl
from collections.abc import Callable
from typing import Any, Self


class TrustingContext(ssl.SSLContext):
    """Trusts the sandbox's authority and nobody else; verifies chain and name; TLS 1.2 or newer.

    The authority is made at the first handshake, not when a client is.
    """

    _trusted: bytes | None = None

    def __new__(cls, trust: Callable[[], bytes]) -> Self:  # noqa: ARG004 - `ssl.SSLContext` takes its protocol here
        """A client's context, as `ssl.create_default_context` sets it up: chain and name are verified."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, trust: Callable[[], bytes]) -> None:
        self.minimum_version = ssl.TLSVersion.TLSv1_2
        self._trust = trust

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """As the base class, with the authority trusted."""
        self._load()
        return super().wrap_socket(*args, **kwargs)

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """As the base class, with the authority trusted."""
        self._load()
        return super().wrap_bio(*args, **kwargs)

    def _load(self) -> None:
        if self._trusted is None:
            self._trusted = self._trust()
            self.load_verify_locations(cadata=self._trusted.decode("ascii"))
