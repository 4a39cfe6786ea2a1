"""Continuous recording: segments by packet copy, and gaps with a cause where there is none."""
