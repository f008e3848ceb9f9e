"""TLS settings for a client, made once: loading the system's trust takes milliseconds."""

import ssl
from functools import cache


@cache
def verifying() -> ssl.SSLContext:
    """The system's trust, names checked, TLS 1.2 or later; loaded once, as it takes milliseconds."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@cache
def unverifying() -> ssl.SSLContext:
    """Encryption for whoever is at the other end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
