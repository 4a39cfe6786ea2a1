"""Artifact files, written so that a crash never leaves half of one."""
