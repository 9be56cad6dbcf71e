"""Airtel's COMMAND documents: bytes to fields, fields to bytes. Knows XML, not payments."""

from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import ElementTree

from plugins.errors import Rejected

MAX_BODY_BYTES = 64 * 1024
UNREADABLE = "400"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def parse(body: bytes) -> dict[str, str]:
    """Return the fields of a COMMAND by element name, without surrounding space.

    :raises Rejected: too long, not XML, with a DTD, or not one flat COMMAND
    """
    if len(body) > MAX_BODY_BYTES:
        raise Rejected("Request is too long", code=UNREADABLE)
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError):
        # ValueError covers DTDs and entities, LookupError an encoding nobody knows.
        raise Rejected("Request is not readable XML", code=UNREADABLE) from None
    if root.tag != "COMMAND":
        raise Rejected("Request is not a COMMAND", code=UNREADABLE)
    return _fields(root)


def _fields(root: Element) -> dict[str, str]:
    fields: dict[str, str] = {}
    for element in root:
        name = element.tag
        # Two amounts in one document: whoever reads the other one is being cheated.
        if name in fields:
            raise Rejected(f"{name[:40]} is given twice", code=UNREADABLE)
        if len(element):
            raise Rejected(f"{name[:40]} is not plain text", code=UNREADABLE)
        fields[name] = (element.text or "").strip()
    return fields


def write(*, is_declared: bool = False, **fields: str) -> bytes:
    """Return a COMMAND with these fields in this order; what is special in XML is escaped."""
    root = Element("COMMAND")
    for name, text in fields.items():
        SubElement(root, name).text = text
    document = tostring(root, encoding="unicode")
    return ((DECLARATION if is_declared else "") + document).encode()
