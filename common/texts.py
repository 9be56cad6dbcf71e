"""Text from outside, before it is compared or stored."""


def is_text(text: str) -> bool:
    """Return whether a database can hold it: no NUL, and no half of a letter as JSON can write one."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
