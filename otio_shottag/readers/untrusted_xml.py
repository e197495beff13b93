"""XML from strangers -> elements; entities, which can hide bombs and name other files, are refused."""

from xml.etree.ElementTree import Element

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from otio_shottag.errors import TimelineError


def parse_xml(data: bytes) -> Element:
    """Parse XML from strangers. Raises TimelineError, without the file's name."""
    try:
        root: Element = defusedxml.ElementTree.fromstring(data)
    except DefusedXmlException as error:
        raise TimelineError("defines XML entities, which no timeline needs and which can hide a bomb") from error
    except (ValueError, SyntaxError, LookupError) as error:  # LookupError: an encoding that Python does not know
        raise TimelineError(f"not well-formed XML: {error}") from error
    return root
