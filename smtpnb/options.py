"""Settings of the views: plain module attributes, so that `smtpnb.options.show_timing = True` works.

Nothing here changes what is sent or received.
"""

#: Show seconds: None = off in replies and transcripts (the same cell gives the same output), on in probe and survey.
show_timing: bool | None = None

#: Draw cards; False leaves every value its text form.
rich_output: bool = True

#: How many lines of one reply a card shows before it counts the rest.
reply_lines: int = 60

#: How many exchanges a ladder shows before it counts the rest.
ladder_rows: int = 200

#: How many characters of one line a view shows before it counts the rest.
line_characters: int = 1_000
