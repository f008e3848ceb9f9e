"""Looking at other people's servers: one polite connection each, findings by rule, surveys of many.

`visit` asks one, `surveying` many, `domain` those of a mail domain. A report is a frozen value; errors are findings.
"""
