"""Every surface on which a secret could be seen, as one text to search; and the forms in which to search for it."""

from __future__ import annotations

import base64
import pickle
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from smtpnb.client import SmtpClient


def forms(login: str, password: str) -> list[str]:
    """The password, its base64 at each alignment (only the characters that it alone determines), and the PLAIN token."""
    octets = password.encode()
    found = [password, base64.b64encode(f"\0{login}\0{password}".encode()).decode()]
    for before in range(3):
        text = base64.b64encode(b"\0" * before + octets).decode()
        found.append(text[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6])
    return found


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and whatever hangs on it, shown or not."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def frames(error: BaseException) -> Iterator[FrameType]:
    """The frames of smtpnb in the error's traceback: what `%xmode Verbose` prints the locals of."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").startswith("smtpnb"):
            yield trace.tb_frame
        trace = trace.tb_next


def locals_shown(error: BaseException) -> str:
    """The locals of smtpnb's frames in the whole chain of the error, as a debugger would print them."""
    return "\n".join(
        f"{name} = {_repr(value)}"
        for link in chain(error)
        for frame in frames(link)
        for name, value in frame.f_locals.items()
    )


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - an object whose constructor raised
        return f"<unprintable: {error}>"


def surfaces(client: SmtpClient, errors: list[BaseException], log: str = "") -> str:
    """Everything that is shown, saved or printed of this client and these errors."""
    told = [repr(client), str(vars(client)), log]
    transcript = client.transcript
    told += [repr(transcript), str(transcript), transcript.to_json(), transcript.to_jsonl(), repr(transcript.entries)]
    told += [_told(pickle.dumps(value)) for value in (transcript, client.snapshot())]
    told += [
        repr(client.snapshot()),
        repr(client.conversation),
        client.conversation.to_text(),
        repr(client.capability_history),
    ]
    for reply in transcript.replies:
        told += [repr(reply), str(reply), reply.message, repr(reply.raw), repr(reply.lines), _told(pickle.dumps(reply))]
    try:
        told.append(_told(pickle.dumps(client)))
    except TypeError:
        pass  # so it should be
    for error in errors:
        told.append(locals_shown(error))
        for link in chain(error):
            told += [repr(link), str(link), repr(getattr(link, "__notes__", ())), repr(vars(link))]
            if hasattr(link, "to_text"):
                told += [link.to_text(), _told(pickle.dumps(link))]
        # Without the lines of the test's own source, which hold the password that it types.
        shown = traceback.TracebackException.from_exception(error, capture_locals=False)
        told += list(shown.format_exception_only())
    return "\n".join(told)


def _told(pickled: bytes) -> str:
    return pickled.decode("utf-8", "backslashreplace")
