"""An XML file and where in it each element stands, so that little is changed and all else stays.

Elements are put in and taken out of the text itself: declaration, DOCTYPE, comments, quotes and
white space stay byte for byte, and taking out what was put in gives the file back.
"""

import codecs
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from otio_shottag.errors import FormatError
from otio_shottag.readers.untrusted_xml import parse_xml

_TAG = re.compile(rb"""<[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""")
_ENCODING = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_SPACE = b" \t\r\n"


@dataclass(eq=False, slots=True)
class Node:
    """One element and its place in the text."""

    tag: str
    attributes: dict[str, str]
    parent: "Node | None"
    depth: int
    """How many elements are around it."""
    start: int
    """Byte at which its start tag begins."""
    inner_start: int
    """Byte after its start tag."""
    inner_end: int = 0
    """Byte at which its end tag begins; that of ``<a/>`` is ``inner_start``."""
    end: int = 0
    """Byte after it."""
    text: str = ""
    """Its own text, without that of its children."""
    children: list["Node"] = field(default_factory=list)

    @property
    def is_short(self) -> bool:
        """Whether it is written ``<a/>``."""
        return self.end == self.inner_start

    def child(self, *path: str) -> "Node | None":
        """Give the first element at the end of a path of tags."""
        node: Node | None = self
        for tag in path:
            node = next((one for one in node.children if one.tag == tag), None) if node is not None else None
        return node

    def child_text(self, tag: str) -> str:
        """Give the text of a child, or nothing."""
        found = self.child(tag)
        return found.text.strip() if found is not None else ""

    def descendants(self) -> Iterator["Node"]:
        """Go through it and all below it, in document order."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class Insertion:
    """Elements to put into one."""

    parent: Node
    after: Node | None
    """The child that they follow; None puts them first."""
    elements: Sequence[str]


class XmlSource:
    """The text of an XML file, in UTF-8 here whatever it is on disk."""

    def __init__(self, data: bytes) -> None:
        """Parse a file. Raises TimelineError for what is not XML, or not safe to parse."""
        parse_xml(data)  # refuses entities, before expat below could follow them
        self.encoding = _encoding(data)
        try:
            self.text = data.decode(self.encoding).encode("utf-8")
        except (UnicodeDecodeError, LookupError) as error:
            raise FormatError(f"its encoding, {self.encoding}, cannot be kept: {error}") from error
        self.newline = b"\r\n" if b"\r\n" in self.text else b"\n"
        self.nodes: list[Node] = []
        """Every element, in document order."""
        self._parse()

    @property
    def root(self) -> Node:
        return self.nodes[0]

    def _parse(self) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        open_nodes: list[Node] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            begins = parser.CurrentByteIndex
            found = _TAG.match(self.text, begins)
            assert found is not None  # the parser has just read it
            node = Node(tag, attributes, open_nodes[-1] if open_nodes else None, len(open_nodes), begins, found.end())
            if node.parent is not None:
                node.parent.children.append(node)
            open_nodes.append(node)
            self.nodes.append(node)

        def end(_: str) -> None:
            node = open_nodes.pop()
            if self.text[node.inner_start - 2 : node.inner_start] == b"/>":
                node.inner_end = node.end = node.inner_start
            else:
                node.inner_end = parser.CurrentByteIndex
                node.end = self.text.index(b">", node.inner_end) + 1

        def text(data: str) -> None:
            open_nodes[-1].text += data

        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        parser.Parse(self.text, True)

    def with_insertions(self, insertions: Sequence[Insertion]) -> bytes:
        """Give the file with elements put in, each on a line of its own."""
        edits: list[_Edit] = []
        for parent, own in _by_parent(insertions).items():
            depth = parent.depth
            break_before = b"" if parent.inner_start == parent.inner_end < parent.end else self._line_break(parent)
            if parent.is_short:
                edits.append(_Edit(parent.end - 2, parent.end, b">", depth))
            for insertion in own:
                place = insertion.after.end if insertion.after is not None else parent.inner_start
                added = b"".join(break_before + element.encode("utf-8") for element in insertion.elements)
                edits.append(_Edit(place, place, added, depth))
            if parent.is_short:
                edits.append(_Edit(parent.end, parent.end, f"</{parent.tag}>".encode(), depth))
        return self._edited(edits)

    def without(self, unwanted: Collection[Node]) -> bytes:
        """Give the file without some elements, and without the line breaks that came in with them.

        An element that was written ``<a/>`` before they were put in is written so again.
        """
        edits: list[_Edit] = []
        for parent in {node.parent: None for node in unwanted}:
            assert parent is not None  # the root is nobody's mark
            own = [node for node in parent.children if node in unwanted]
            cuts = [(self._after_what_is_before(node), node.end) for node in own]
            covered = sum(end - start for start, end in cuts) == parent.inner_end - parent.inner_start
            if covered and cuts[0][0] < own[0].start:
                edits.append(_Edit(parent.inner_start - 1, parent.end, b"/>", parent.depth))
            else:
                edits.extend(_Edit(start, end, b"", parent.depth) for start, end in cuts)
        return self._edited(edits)

    def _after_what_is_before(self, node: Node) -> int:
        """Give the byte at which the white space before a node begins."""
        place = node.start
        while place and self.text[place - 1] in _SPACE:
            place -= 1
        return place

    def _line_break(self, parent: Node) -> bytes:
        """Give a line break and the indent of a parent's children."""
        siblings = parent.children
        if siblings:
            before = self.text[self._after_what_is_before(siblings[-1]) : siblings[-1].start]
            if b"\n" in before:
                return before
        own = self.text[self._after_what_is_before(parent) : parent.start]
        indent = own.rpartition(b"\n")[2] if b"\n" in own else b""
        return self.newline + indent + (b"\t" if b"\t" in indent else b"    ")

    def _edited(self, edits: Sequence["_Edit"]) -> bytes:
        parts: list[bytes] = []
        done = 0
        # Where an inner element ends and something follows it, the inner one's edits come first.
        for edit in sorted(edits, key=lambda edit: (edit.start, -edit.depth)):
            parts += [self.text[done : edit.start], edit.replacement]
            done = edit.end
        text = b"".join([*parts, self.text[done:]]).decode("utf-8")
        return text.encode(self.encoding, errors="xmlcharrefreplace")


@dataclass(frozen=True, slots=True)
class _Edit:
    """Some bytes to put in the place of others."""

    start: int
    end: int
    replacement: bytes
    depth: int
    """How deep the element is whose content changes."""


def _by_parent(insertions: Sequence[Insertion]) -> dict[Node, list[Insertion]]:
    grouped: dict[Node, list[Insertion]] = {}
    for insertion in insertions:
        grouped.setdefault(insertion.parent, []).append(insertion)
    return grouped


def _encoding(data: bytes) -> str:
    """Give an encoding that decodes the file and gives the same bytes back, its mark included."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return encoding
    stated = _ENCODING.match(data.lstrip())
    return stated.group(1).decode("ascii") if stated else "utf-8"
