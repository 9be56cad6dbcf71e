"""What can go wrong with the embedded servers."""


class EmbeddedError(Exception):
    """An embedded server cannot be had; the text is one sentence for the person at the keyboard."""
