"""Reading the XML that is sent to an agency: GB18030 whatever it says of itself, no entities, local names."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def document_of(content: bytes) -> etree._Element | None:
    """The root element, or None where the content is no XML."""
    try:
        text = content.decode("gb18030")
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        return etree.fromstring(_DECLARATION.sub("", text), parser)
    except (UnicodeDecodeError, etree.XMLSyntaxError):
        return None


def body_of(content: bytes, envelope: str) -> etree._Element | None:
    """The first element in a SOAP Body, or None where there is none."""
    root = document_of(content)
    if root is None or root.tag != f"{{{envelope}}}Envelope":
        return None
    return next((child for body in root.findall(f"{{{envelope}}}Body") for child in body), None)


def texts_of(element: etree._Element) -> Mapping[str, list[str]]:
    """Local name -> the texts of the children that bear it; a list in one text is taken apart."""
    found: dict[str, list[str]] = {}
    for child in element.iter(etree.Element):
        if len(child) == 0 and child.text:
            found.setdefault(etree.QName(child).localname, []).extend(part for part in child.text.split(",") if part)
    return found
