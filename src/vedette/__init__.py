"""Vedette: self-hosted video intelligence. Cameras in, people told what matters."""

__version__ = "0.1.0"
