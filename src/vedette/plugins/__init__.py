"""The plug-in mechanism: one file and one catalogue line per module."""
