"""`python -m smtpnb`: the command line."""

import sys

from smtpnb.cli import main

sys.exit(main())
