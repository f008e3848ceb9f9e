"""What the standards say, as typed rows in our own words, each with its RFC and section."""
