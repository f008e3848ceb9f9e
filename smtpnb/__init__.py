"""See, learn and probe SMTP in Jupyter: a low-level client that shows every byte, and a server to break things on.

Start with `Sandbox().client()` or `SmtpClient("mail.example.org", 25)`; `smtpnb lab` opens the course.
"""

from importlib import import_module

TYPE_CHECKING = False  # as type checkers know it; loading `typing` would take most of this import's time

__version__ = "0.1.0"

#: Public name → the module it lives in. Loaded when first used (PEP 562): `import smtpnb` itself loads nothing.
_HOMES = {
    "Capabilities": "smtpnb.protocol.capabilities",
    "ControlPanel": "smtpnb.panel.view",
    "Delivery": "smtpnb.delivery",
    "DomainReport": "smtpnb.explore.domain",
    "EnhancedStatus": "smtpnb.protocol.reply",
    "Finding": "smtpnb.explore.report",
    "ProbeReport": "smtpnb.explore.report",
    "Sandbox": "smtpnb.sandbox",
    "Secret": "smtpnb.secret",
    "SmtpClient": "smtpnb.client",
    "SmtpConnectError": "smtpnb.errors",
    "SmtpDisconnected": "smtpnb.errors",
    "SmtpError": "smtpnb.errors",
    "SmtpInsecureError": "smtpnb.errors",
    "SmtpProtocolError": "smtpnb.errors",
    "SmtpReply": "smtpnb.protocol.reply",
    "SmtpReplyError": "smtpnb.errors",
    "SmtpTimeout": "smtpnb.errors",
    "SmtpTlsError": "smtpnb.errors",
    "Survey": "smtpnb.explore.results",
    "TlsInfo": "smtpnb.session",
    "Transcript": "smtpnb.transcript",
    "ask_secret": "smtpnb.secret",
    "control_panel": "smtpnb.panel.view",
    "load_ipython_extension": "smtpnb.magics",
    "unload_ipython_extension": "smtpnb.magics",
    "explain_command": "smtpnb.protocol.anatomy",
    "explain_content": "smtpnb.protocol.transparency",
    "explain_plain": "smtpnb.protocol.plain_lesson",
    "probe": "smtpnb.explore.visit",
    "probe_domain": "smtpnb.explore.domain",
    "survey": "smtpnb.explore.surveying",
}

if TYPE_CHECKING:
    from typing import Any

    from smtpnb import options
    from smtpnb.client import SmtpClient
    from smtpnb.delivery import Delivery
    from smtpnb.errors import (
        SmtpConnectError,
        SmtpDisconnected,
        SmtpError,
        SmtpInsecureError,
        SmtpProtocolError,
        SmtpReplyError,
        SmtpTimeout,
        SmtpTlsError,
    )
    from smtpnb.explore.domain import DomainReport, probe_domain
    from smtpnb.explore.report import Finding, ProbeReport
    from smtpnb.explore.results import Survey
    from smtpnb.explore.surveying import survey
    from smtpnb.explore.visit import probe
    from smtpnb.magics import load_ipython_extension, unload_ipython_extension
    from smtpnb.panel.view import ControlPanel, control_panel
    from smtpnb.protocol.anatomy import explain_command
    from smtpnb.protocol.capabilities import Capabilities
    from smtpnb.protocol.plain_lesson import explain_plain
    from smtpnb.protocol.reply import EnhancedStatus, SmtpReply
    from smtpnb.protocol.transparency import explain_content
    from smtpnb.sandbox import Sandbox
    from smtpnb.secret import Secret, ask_secret
    from smtpnb.session import TlsInfo
    from smtpnb.transcript import Transcript

__all__ = [
    "Capabilities",
    "ControlPanel",
    "Delivery",
    "DomainReport",
    "EnhancedStatus",
    "Finding",
    "ProbeReport",
    "Sandbox",
    "Secret",
    "SmtpClient",
    "SmtpConnectError",
    "SmtpDisconnected",
    "SmtpError",
    "SmtpInsecureError",
    "SmtpProtocolError",
    "SmtpReply",
    "SmtpReplyError",
    "SmtpTimeout",
    "SmtpTlsError",
    "Survey",
    "TlsInfo",
    "Transcript",
    "ask_secret",
    "control_panel",
    "explain_command",
    "explain_content",
    "explain_plain",
    "load_ipython_extension",
    "options",
    "probe",
    "probe_domain",
    "survey",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> "Any":
    """Loads a public name when it is first used."""
    if name == "options":
        return import_module("smtpnb.options")
    if name not in _HOMES:
        raise AttributeError(f"module 'smtpnb' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted([*__all__, "__version__"])
