"""How many SMS a text takes: what the customer's phone receives and the company pays for."""

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = frozenset("^{}\\[~]|€")  # written with an escape, so they count twice
GSM_ONE, GSM_EACH = 160, 153
WIDE_ONE, WIDE_EACH = 70, 67


def sms_count(text: str) -> int:
    """Return the number of SMS for a text; a letter outside the GSM alphabet makes all of them short."""
    if all(letter in GSM or letter in GSM_TWICE for letter in text):
        length = len(text) + sum(letter in GSM_TWICE for letter in text)
        one, each = GSM_ONE, GSM_EACH
    else:
        length = len(text.encode("utf-16-le")) // 2
        one, each = WIDE_ONE, WIDE_EACH
    return 1 if length <= one else -(-length // each)
