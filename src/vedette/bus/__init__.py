"""Carries facts between the parts of the product."""
