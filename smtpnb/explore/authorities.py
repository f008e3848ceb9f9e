"""The authorities to trust in place of the system's, read from a file at once: it may be gone when they are needed."""

import ssl
from pathlib import Path


def authorities_in(ca_file: str | Path | None) -> str | None:
    """The certificates in a PEM file; None without one.

    Raises:
        ValueError: it holds no certificate that can be read.
        OSError: it cannot be read.
    """
    if ca_file is None:
        return None
    text = Path(ca_file).read_bytes().decode("ascii", "replace")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text.replace("\ufffd", "?"))
    except (ssl.SSLError, ValueError):
        raise ValueError(f"{str(ca_file)!r} holds no certificate in PEM form") from None
    return text
