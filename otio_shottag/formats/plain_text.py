"""Text from a timeline made safe for formats that live by the line, or by angle brackets.

Names come from strangers: a clip may be called anything, newlines and brackets included.
"""

import re
from xml.sax.saxutils import escape, quoteattr

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Control characters, tabs, and everything that some reader takes for the end of a line."""

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, even escaped (section 2.2, Char)."""

_FORMULA = ("=", "+", "-", "@")


def one_line(text: str) -> str:
    """Put text on one line; what would break it becomes a space."""
    return _BREAKS.sub(" ", _NOT_IN_XML.sub(" ", text)).strip()


def ascii_arrows(text: str) -> str:
    """Write our two characters beyond ASCII as ``->`` and ``-``, for formats that predate Unicode."""
    return text.replace("→", "->").replace("·", "-")


def xml_text(text: str) -> str:
    """Write text between tags."""
    return escape(one_line(text))


def xml_attribute(text: str) -> str:
    """Write text as an attribute's value, quotes included."""
    return quoteattr(one_line(text))


def table_cell(cell: str | int | float) -> str | int | float:
    """Make a cell safe for a spreadsheet, which runs what begins like a formula: it gets an apostrophe."""
    if not isinstance(cell, str):
        return cell
    text = one_line(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
