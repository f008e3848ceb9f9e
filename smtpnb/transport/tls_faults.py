"""TLS failures in our words: OpenSSL's wording changes between versions and explains nothing to a learner."""

import ssl
from typing import Final

from smtpnb.errors import SmtpTlsError
from smtpnb.text import visible

#: X509_V_ERR_… number → (what is wrong with the certificate, likely cause, what to try).
_CERTIFICATE: Final = {
    9: ("is not valid yet", "The clock of this machine is wrong, or the server's certificate was made for later.",
        "compare the dates in the certificate with this machine's clock"),
    10: ("has expired", "The server's owner did not renew it.",
         "tell the server's postmaster; to look at it all the same: starttls(verify=False), and send nothing secret"),
    18: ("is signed by itself", "A test server, or something in between that pretends to be the server.",
         "if it is yours, trust it: ssl.create_default_context(cafile='server.pem') as context="),
    19: ("comes from an unknown issuer", "A private CA that this machine does not trust, or an impostor.",
         "if the CA is yours, trust it: ssl.create_default_context(cafile='ca.pem') as context="),
    20: ("comes from an unknown issuer",
         "A private CA that this machine does not trust, an incomplete chain, or an impostor.",
         "if the CA is yours, trust it: ssl.create_default_context(cafile='ca.pem') as context="),
    21: ("comes from an unknown issuer", "The server leaves out the intermediate certificate.",
         "tell the server's postmaster that the chain is not complete"),
    22: ("has too long a chain", "There are more authorities between it and one that is trusted than OpenSSL follows.",
         "tell the server's postmaster"),
    24: ("was issued by one that is no authority", "The issuer's certificate is not marked as a CA's.",
         "make the CA's certificate anew, with basicConstraints CA:TRUE"),
    25: ("has a longer chain than its CA allows", "A CA above it limits how many may stand below (RFC 5280 §4.2.1.9).",
         "tell the server's postmaster"),
    26: ("is not meant for a server", "It was issued for another purpose.",
         "tell the server's postmaster"),
    32: ("comes from a CA that may not sign certificates", "The CA's key is for another use (RFC 5280 §4.2.1.3).",
         "make the CA's certificate anew, with keyUsage keyCertSign"),
    34: ("has an extension that is critical and is not understood", "Whoever made it marked an extension by mistake.",
         "issue it anew, with that extension not critical"),
    62: ("is for another name", "The server is known by other names, or it is not the server you mean.",
         "connect by a name that is in the certificate, or pass server_hostname="),
    64: ("is for another address", "The certificate names hosts, and you connected to an IP address.",
         "connect by the server's name, or pass server_hostname="),
    66: ("has too short a key", "It was made long ago: a key of this length can be broken.",
         "tell the server's postmaster: RSA keys of 2048 bits, or elliptic curves"),
    67: ("comes from a CA with too short a key", "The CA was made long ago: a key of this length can be broken.",
         "make a new CA: RSA keys of 2048 bits, or elliptic curves"),
    68: ("is signed with a broken hash", "It or its CA still signs with MD5 or SHA-1.",
         "issue it anew, signed with SHA-256"),
    79: ("was issued by one that is no authority", "The issuer's certificate is not marked as a CA's.",
         "make the CA's certificate anew, with basicConstraints CA:TRUE"),
}  # fmt: skip

#: X509_V_ERR_… number → what is wrong, and how it is put right. All are rules of RFC 5280 that only a strict check
#: looks at: the usual one since Python 3.13, where `ssl.create_default_context` sets VERIFY_X509_STRICT.
_STRICT: Final = {
    80: ("limits a path and is no CA's (§4.2.1.9)", "issue it anew, without pathLenConstraint"),
    81: ("limits a path, and its CA may not sign certificates (§4.2.1.9)",
         "make the CA's certificate anew, with keyUsage keyCertSign"),
    82: ("may sign certificates and is no CA's (§4.2.1.9)", "issue it anew, with keyUsage digitalSignature alone"),
    83: ("names no issuer (§4.1.2.4)", "make the CA's certificate anew, with a subject"),
    84: ("comes from a CA without a name (§4.1.2.6)", "make the CA's certificate anew, with a subject"),
    85: ("does not tell its issuer's key (§4.2.1.1)", "issue it anew, with the extension authorityKeyIdentifier"),
    86: ("comes from a CA that does not tell its key (§4.2.1.2)",
         "make the CA's certificate anew, with the extension subjectKeyIdentifier"),
    87: ("has an empty list of names (§4.2.1.6)", "issue it anew, with its host names in subjectAltName"),
    88: ("has no subject, and its names are not marked critical (§4.2.1.6)",
         "issue it anew, with a subject, or with a critical subjectAltName"),
    89: ("comes from a CA that is not critically marked as one (§4.2.1.9)",
         "make the CA's certificate anew, with critical basicConstraints"),
    90: ("has a critical authorityKeyIdentifier (§4.2.1.1)", "issue it anew, with that extension not critical"),
    91: ("has a critical subjectKeyIdentifier (§4.2.1.2)", "issue it anew, with that extension not critical"),
    92: ("comes from a CA that does not say what its key is for (§4.2.1.3)",
         "make the CA's certificate anew, with keyUsage keyCertSign"),
    93: ("has extensions and is of an old version (§4.1.2.1)", "issue it anew, as version 3"),
}  # fmt: skip

_STRICT_CAUSE: Final = (
    "It breaks a rule of RFC 5280 that many private CAs break, and that only a strict check looks at: the usual one "
    "since Python 3.13. An older Python, or another program, may accept it."
)

_STRICT_ADVICE: Final = (
    "until then, if you know the server: context = ssl.create_default_context(cafile='ca.pem'); "
    "context.verify_flags &= ~ssl.VERIFY_X509_STRICT; starttls(context=context)"
)

#: Any other.
_ANY: Final = ("was not accepted (X.509 error {})", "It breaks a rule of X.509.", "tell the server's postmaster")

_PLAIN_PORT: Final = (
    "the other end does not speak TLS here (OpenSSL: WRONG_VERSION_NUMBER)",
    "TLS was spoken to a plain port: 25 and 587 start in the clear and change over with STARTTLS.",
    (
        "connect without implicit_tls and call ehlo(), then starttls()",
        "or use port 465, where TLS comes first",
    ),
)

_OLD_TLS: Final = (
    "no common TLS version",
    "The server speaks only versions older than TLS 1.2, which RFC 8996 forbids.",
    ("tell the server's postmaster; TLS 1.0 and 1.1 protect nothing any more",),
)

_NO_COMMON: Final = (
    "the server broke the handshake off: no common version, cipher or certificate",
    "It speaks only old TLS, wants a client certificate, or does not know the name it was asked for (SNI).",
    ("try another server_hostname=, or look into the server's log",),
)

#: OpenSSL's reason → (what happened, likely cause, what to try).
_REASONS: Final = {
    "WRONG_VERSION_NUMBER": _PLAIN_PORT,
    "RECORD_LAYER_FAILURE": _PLAIN_PORT,
    "PACKET_LENGTH_TOO_LONG": _PLAIN_PORT,
    "HTTP_REQUEST": _PLAIN_PORT,
    "UNSUPPORTED_PROTOCOL": _OLD_TLS,
    "TLSV1_ALERT_PROTOCOL_VERSION": _OLD_TLS,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _NO_COMMON,
    "TLSV1_UNRECOGNIZED_NAME": _NO_COMMON,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _NO_COMMON,
    "DH_KEY_TOO_SMALL": _OLD_TLS,
}


def plain_port() -> SmtpTlsError:
    """The error for a peer that speaks in the clear where TLS should come first."""
    what, cause, advice = _PLAIN_PORT
    return SmtpTlsError(what, cause=cause, advice=advice)


def translated(error: Exception, server_name: str) -> SmtpTlsError:
    """The error of ours for a handshake that failed with `error`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, server_name)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or not isinstance(error, ssl.SSLError):
        return SmtpTlsError(
            "the server closed the connection during the TLS handshake",
            cause="Its TLS is not set up, or something in between does not let TLS through.",
            advice="look into the server's log; try another network",
        )
    what, cause, advice = _REASONS.get(
        error.reason or "",
        (f"the TLS handshake failed (OpenSSL: {visible(error.reason or 'no reason given')})",
         "The two ends could not agree, or what came was no TLS.", ("look into the server's log",)),
    )  # fmt: skip
    return SmtpTlsError(what, cause=cause, advice=advice)


def _untrusted(error: ssl.SSLCertVerificationError, server_name: str) -> SmtpTlsError:
    what, cause, advice = _told(error.verify_code)
    return SmtpTlsError(f"the certificate of {visible(server_name)} {what}", cause=cause, advice=advice)


def _told(code: int) -> tuple[str, str, tuple[str, ...]]:
    """What is wrong with a certificate, the likely cause, what to try."""
    if code in _STRICT:
        what, repair = _STRICT[code]
        return what, _STRICT_CAUSE, (repair, _STRICT_ADVICE)
    what, cause, advice = _CERTIFICATE.get(code, _ANY)
    return what.format(code), cause, (advice,)
