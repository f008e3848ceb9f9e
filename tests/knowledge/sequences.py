"""Which replies the standards give to which command."""

#: Verb → codes: RFC 5321 §4.3.2; RFC 3207 §4; RFC 4954 §6; RFC 1985 §5.1; RFC 3030 §2.
SEQUENCES = {
    "EHLO": "250 504 550 502", "MAIL": "250 552 451 452 550 553 503 455 555",
    "RCPT": "250 251 550 551 552 553 450 451 452 503 455 555", "DATA": "354 552 554 451 452 450 550 503",
    "RSET": "250", "VRFY": "250 251 252 550 551 553 502 504", "EXPN": "250 252 550 500 502 504", "HELP": "211 214 502 504",
    "NOOP": "250", "QUIT": "221", "STARTTLS": "220 501 454", "AUTH": "235 334 432 454 534 535 500 501 503 504 538",
    "ETRN": "250 251 252 253 458 459 500 501", "BDAT": "250 503",
}  # fmt: skip

#: What is asked → codes that must teach a lesson of their own there: the same table, the content's end apart.
LESSONS = {
    "greeting": "220 554 421", "EHLO": "250 504 550 502 503 501", "MAIL": "250 552 451 452 550 553 503 455 555 501 530",
    "RCPT": "250 251 550 551 552 553 450 451 452 503 455 555 501 554 530", "DATA": "503 554",
    ".": "250 552 554 451 452 450 550", "RSET": "250", "NOOP": "250", "HELO": "250 550",
    "VRFY": "250 251 252 550 551 553 502 504", "EXPN": "250 252 550 500 502 504", "STARTTLS": "220 501 454 502 503 554",
    "AUTH": "454 500 501 503 504 530", "ETRN": "250 251 252", "ATRN": "250", "BDAT": "250 503 501", "BDAT LAST": "250",
    "EHLO without a name": "501", "AUTH LOGIN": "334", "AUTH PLAIN": "334",
}  # fmt: skip
