"""The broker's XML documents, version 2.0: what comes in, what goes out."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from plugins.errors import Rejected

NAMESPACE = "http://infowise.co.tz/broker/"
MAX_BODY_BYTES = 64 * 1024
MAX_TEXT_LENGTH = 64
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

Content = Mapping[str, "str | Content"]


def parse(body: bytes) -> Element:
    """Return the root of a document; DTDs and entities are refused.

    :raises Rejected: too long, or not well-formed
    """
    if len(body) > MAX_BODY_BYTES:
        raise Rejected("The document is longer than 64 KiB.")
    try:
        root: Element = fromstring(body.strip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Rejected("The document is not readable XML.") from error
    return root


def name_of(element: Element) -> str:
    """Return a tag without its namespace: two spellings of the broker's are in circulation."""
    return element.tag.rpartition("}")[2]


def text_at(root: Element, *path: str) -> str:
    """Return the text of an element below the root, in whatever namespace; absent is empty."""
    found = root.findtext("/".join(f"{{*}}{name}" for name in path), default="")
    return found.strip()


def required_text(root: Element, *path: str) -> str:
    """:raises Rejected: absent, empty, or longer than any number or name of this protocol"""
    text = text_at(root, *path)
    if not text:
        raise Rejected(f"{path[-1]} is missing.")
    if len(text) > MAX_TEXT_LENGTH:
        raise Rejected(f"{path[-1]} is longer than {MAX_TEXT_LENGTH} characters.")
    return text


def write(kind: str, content: Content) -> bytes:
    """Return ``<mpesaBroker><kind>…</kind></mpesaBroker>`` with everything escaped."""
    root = Element("mpesaBroker", {"xmlns": NAMESPACE, "version": "2.0"})
    _fill(SubElement(root, kind), content)
    document: bytes = tostring(root, encoding="utf-8", short_empty_elements=False)
    return DECLARATION + document


def _fill(parent: Element, content: Content) -> None:
    for name, inside in content.items():
        child = SubElement(parent, name)
        if isinstance(inside, str):
            child.text = inside
        else:
            _fill(child, inside)
