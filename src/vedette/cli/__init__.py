"""The vedette command."""
