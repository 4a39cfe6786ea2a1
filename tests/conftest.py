"""Properties have no time limit: machines are shared, and time is measured elsewhere."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
