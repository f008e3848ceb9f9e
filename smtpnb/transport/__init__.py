"""Octets to and from a peer: sockets with TLS, or a peer in memory. SMTP is not known here."""
