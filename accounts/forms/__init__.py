"""Forms about people and passwords. allauth finds its own in ``own``."""
