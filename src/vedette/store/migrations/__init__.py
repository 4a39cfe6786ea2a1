"""The history of the schema: one file per step under `versions/`, run by Alembic at start."""

HEAD = "0010"
"""The newest step; a test compares it with the files."""
