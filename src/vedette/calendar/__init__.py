"""When something counts: places, their clocks, and windows of local time. Pure."""
