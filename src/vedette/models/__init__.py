"""The model catalogue: fetch, convert, verify, install."""
