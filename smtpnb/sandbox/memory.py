"""A session as an in-memory peer: octets in, octets out, no socket and no thread."""

from collections.abc import Iterator

from smtpnb.sandbox.reception import AnySession
from smtpnb.sandbox.steps import Close, Octets, Step


class MemoryPeer:
    """What `smtpnb.transport.memory` talks to: pauses take no time, silence says nothing, None is the end.

    Args:
        session: whose steps are carried out.
    """

    def __init__(self, session: AnySession) -> None:
        self._session = session

    def greet(self) -> Iterator[bytes | None]:
        """The greeting."""
        return _said(self._session.greet())

    def receive(self, data: bytes) -> Iterator[bytes | None]:
        """What is answered to `data`."""
        return _said(self._session.receive(data))

    def end(self) -> None:
        """The client is gone."""
        self._session.end()


def _said(steps: list[Step]) -> Iterator[bytes | None]:
    for step in steps:
        if isinstance(step, Octets):
            yield step.data
        elif isinstance(step, Close):
            yield None
