"""What a person sends with a decision."""

import uuid


def said(**fields):
    """Return a form's fields with a fresh one-time key and a reason."""
    return {"key": str(uuid.uuid4()), "reason": "She called the office"} | fields
