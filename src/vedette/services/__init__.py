"""Loops beside the cameras: event writer, relay, notifier, janitor."""
