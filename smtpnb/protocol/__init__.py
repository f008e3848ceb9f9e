"""The protocol: bytes ⇄ values, with no I/O, no clock and no HTML."""
