"""Settings files: reading, checking, and saying what is wrong on which line."""
