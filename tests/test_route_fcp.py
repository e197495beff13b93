"""``--for fcp``: FCPXML held against the document type of version 1.8, and every marker on its frame.

The published DTD may not be passed on; what it asks of the elements that we write stands here as
a table. It was read from FCPXMLv1_8.dtd.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from otio_shottag.errors import FormatError
from otio_shottag.formats import write
from tests.cut_strategies import cuts
from tests.format_cuts import editors_cut, tags_of
from tests.rewrite_golden import two_track_cut
from tests.route_cuts import OFFSETS, RATES, rated_cut, real_tags
from tests.test_formats_corpus import cuts_in, tags_in

QUICK = hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

IN_SPINE = "asset-clip|ref-clip|gap"
ANCHORED = "asset-clip|ref-clip|spine"
MARKING = "marker|keyword|analysis-marker"
IN_CLIP = f"(timeMap )?(({ANCHORED}) )*(({MARKING}) )*"
CLIP = "lane offset name start duration enabled srcEnable ref"
DOCUMENT_TYPE = {
    "fcpxml": ("resources project ", "version", ""),
    "resources": ("((asset|format|media) )*", "", ""),
    "format": ("", "id", "name frameDuration width height"),
    "asset": ("", "id src", "name start duration hasVideo hasAudio format"),
    "media": ("sequence ", "id", "name"),
    "project": ("sequence ", "", "name"),
    "sequence": ("spine ", "format", "duration tcStart tcFormat"),
    "spine": (f"(({IN_SPINE}|transition) )*", "", "lane offset"),
    "asset-clip": (IN_CLIP, "ref", CLIP),
    "ref-clip": (IN_CLIP, "ref duration", CLIP),
    "gap": (f"(({ANCHORED}) )*(({MARKING}) )*", "duration", "name offset start enabled"),
    "transition": ("", "duration", "name offset"),
    "timeMap": ("(timept )*", "", ""),
    "timept": ("", "time value", "interp"),
    "marker": ("", "start value", "duration note"),
    "keyword": ("", "value", "start duration note"),
    "analysis-marker": ("(shot-type )+", "", "start duration"),
    "shot-type": ("", "value", ""),
}
"""Of each element: its children in their order, the attributes that it must have, and may have."""

SHOT_TYPES = {"onePerson", "twoPersons", "group", "closeUp", "mediumShot", "wideShot"}


def faults(root: Element) -> list[str]:
    """What of a document the DTD does not allow, and what it cannot say: that references lead somewhere."""
    found = []
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    if len(set(ids)) != len(ids):
        found.append("an id that stands twice")
    for element in root.iter():
        children, required, allowed = DOCUMENT_TYPE[element.tag]
        order = "".join(f"{child.tag} " for child in element)
        if not re.fullmatch(children, order):
            found.append(f"{element.tag} holds {order}")
        missing = set(required.split()) - set(element.attrib)
        unknown = set(element.attrib) - {*required.split(), *allowed.split()}
        if missing or unknown:
            found.append(f"{element.tag} lacks {missing}, has {unknown}")
        found += [f"{name} leads nowhere" for name in ("ref", "format") if element.get(name, ids and ids[0]) not in ids]
        for name in ("start", "offset", "duration", "tcStart", "frameDuration", "time"):
            if name in element.attrib and not re.fullmatch(r"-?\d+(/\d+)?s", element.attrib[name]):
                found.append(f"{element.attrib[name]} is no time")
    found += [one.get("value") for one in root.iter("shot-type") if one.get("value") not in SHOT_TYPES]
    if root.get("version") != "1.8":
        found.append("not version 1.8")
    return found


def seconds(text: str | None) -> Fraction:
    return Fraction((text or "0s").removesuffix("s"))


def markers_in(element: Element, record: Fraction) -> Iterator[tuple[Fraction, Element]]:
    """Each marker below an element that comes on at ``record`` seconds, with the second where it stands.

    By the rules of the format: an offset counts in the parent's time, a marker in its clip's.
    """
    begins = seconds(element.get("start"))
    for child in element:
        if child.tag == "marker":
            yield record + seconds(child.get("start")) - begins, child
        elif child.tag == "spine":  # counts from its own zero, wherever it is connected
            at = record + seconds(child.get("offset")) - begins
            for inner in child:
                yield from markers_in(inner, at + seconds(inner.get("offset")))
        elif child.get("offset") is not None:
            yield from markers_in(child, record + seconds(child.get("offset")) - begins)


def written(cut, path: Path, **options) -> Element:
    write(cut, options.pop("tags", None) or tags_of(cut), path, format="fcpxml", **options)
    return ElementTree.parse(path).getroot()


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_every_marker_is_on_the_first_frame_of_its_shot(tmp_path, rate):
    """By the format's own rules each marker, keyword and shot type begins where its shot comes on, exactly."""
    cut = rated_cut(tmp_path, rate)
    root = written(cut, tmp_path / "cut.fcpxml", tags=real_tags(cut))
    assert faults(root) == []
    sequence = root.find("project/sequence")
    frame = seconds(root.find(f"resources/format[@id='{sequence.get('format')}']").get("frameDuration"))
    assert frame == 1 / rate.exact
    assert seconds(sequence.get("tcStart")) / frame == rate.start_frame
    assert sequence.get("tcFormat") == ("DF" if "DF" in rate.name else "NDF")
    found = [pair for item in sequence.find("spine") for pair in markers_in(item, seconds(item.get("offset")))]
    assert [at / frame for at, _ in found] == [rate.start_frame + offset for offset in OFFSETS]
    assert [one.get("value") for _, one in found] == ["MCU 92%", "CU 92%", "ECU 92%", "EWS 92%"]
    assert all(one.get("note").endswith("(otio-shottag)") for _, one in found)
    for item in root.iter("asset-clip"):
        starts = {item.find(tag).get("start") for tag in ("marker", "keyword", "analysis-marker")}
        assert starts == {item.find("marker").get("start")}
    assert [one.get("value") for one in root.iter("shot-type")] == ["closeUp", "closeUp", "closeUp", "wideShot"]
    assert [one.get("value") for one in root.iter("keyword")] == [
        "medium close-up",
        "close-up",
        "extreme close-up",
        "extreme wide shot",
    ]


def test_otios_adapter_finds_the_markers_on_their_frames(tmp_path):
    """At 25, which OTIO's FCPXML adapter does not round, it finds each marker at its clip's first frame."""
    rate = next(one for one in RATES if one.name == "25")
    cut = rated_cut(tmp_path, rate)
    written(cut, tmp_path / "cut.fcpxml", tags=real_tags(cut))
    read = otio.adapters.read_from_file(str(tmp_path / "cut.fcpxml"))
    found = [
        (one.markers[0].name, (one.markers[0].marked_range.start_time - one.source_range.start_time).to_seconds())
        for one in read.find_clips()
    ]
    assert found == [("MCU 92%", 0), ("CU 92%", 0), ("ECU 92%", 0), ("EWS 92%", 0)]


@QUICK
@given(cuts())
def test_any_cut_is_a_valid_document(tmp_path_factory, cut):
    """Nested, connected, joined, retimed, disabled: the document has the DTD's elements in the DTD's order."""
    assert faults(written(cut, tmp_path_factory.mktemp("fcp") / "cut.fcpxml")) == []


@pytest.mark.parametrize("make_cut", [editors_cut, two_track_cut])
def test_the_golden_cuts_are_valid_documents(tmp_path, make_cut):
    """What the golden files hold is in the DTD's order."""
    assert faults(written(make_cut(), tmp_path / "cut.fcpxml")) == []


def test_real_cuts_become_valid_documents(corpus, tmp_path):
    """Cuts of other formats, as real editors have them, become documents that the DTD allows."""
    done = 0
    for path in sorted(corpus.rglob("*")):
        if path.suffix.lower() not in (".otio", ".edl", ".xml", ".aaf") or path.stat().st_size > 60_000:
            continue
        for cut, _ in cuts_in(path, most=1):
            if cut.format == "fcpxml" or not (tags := tags_in(cut)):
                continue
            try:
                root = written(cut, tmp_path / "cut.fcpxml", tags=tags)
            except FormatError:  # a track in a track
                continue
            assert faults(root) == [], path
            done += 1
    assert done > 50


def test_the_check_finds_faults(tmp_path):
    """A keyword before an anchored clip, a marker without a start, an unknown attribute: each is found."""
    root = written(editors_cut(), tmp_path / "cut.fcpxml")
    clip = next(one for one in root.iter("asset-clip") if one.find("marker") is not None)
    clip.insert(0, Element("keyword", value="early"))
    clip.append(Element("asset-clip", ref="r1"))
    del clip.find("marker").attrib["start"]
    clip.set("color", "red")
    clip.set("ref", "r99")
    assert len(faults(root)) == 4
