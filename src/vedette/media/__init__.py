"""Pictures, previews and clips of an event."""
