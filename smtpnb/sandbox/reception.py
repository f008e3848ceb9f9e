"""Where sessions begin: each gets the next number, and the newest are remembered."""

import threading
from collections import deque
from typing import Final, TypeAlias

from smtpnb.sandbox.configuration import Configuration
from smtpnb.sandbox.record import SessionRecord
from smtpnb.sandbox.script import Cue, ScriptedSession
from smtpnb.sandbox.session import Session

#: Sessions that a sandbox remembers; numbers go on.
KEPT: Final = 1_000

#: What runs on a connection.
AnySession: TypeAlias = Session | ScriptedSession


class Reception:
    """Makes the sessions of one sandbox; may be asked from any thread.

    Args:
        configuration: what they share.
        script: what they follow instead; None where the sandbox is no scripted one.
    """

    def __init__(self, configuration: Configuration, script: tuple[Cue, ...] | None = None) -> None:
        self._configuration = configuration
        self._script = script
        self._sessions: deque[AnySession] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._numbers = 0

    def session(self, configuration: Configuration | None = None) -> AnySession:
        """A new session, with the next number.

        Args:
            configuration: in place of the usual one.
        """
        with self._lock:
            self._numbers += 1
            session: AnySession
            if self._script is None:
                session = Session(configuration or self._configuration, self._numbers)
            else:
                session = ScriptedSession(self._script, self._numbers)
            self._sessions.append(session)
            return session

    def records(self) -> tuple[SessionRecord, ...]:
        """The sessions so far as the server saw them, oldest first."""
        with self._lock:
            return tuple(session.record() for session in self._sessions)
