"""The HTTP door: health, metrics, events, artifacts, and a plain page."""
