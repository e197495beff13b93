"""The page shows the right frames and figures, needs nothing beside it, and obeys nobody's file names."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from opentimelineio.opentime import RationalTime
from PIL import Image

import otio_shottag.report
from otio_shottag.corrections import correct, correction_facts, frames_looked_at, read_corrections
from otio_shottag.errors import FormatError, MediaError
from otio_shottag.finding import find_shots
from otio_shottag.formats import Delivery, RunFacts, deliver
from otio_shottag.report import charts, write_report
from otio_shottag.report.pictures import MOST_BYTES, decode_pictures, encode, share_of
from otio_shottag.settings import Settings
from otio_shottag.shots import Frames, Label
from otio_shottag.tagging import tag_shots
from otio_shottag.timeline import Cut
from tests.cuts import clip, gap, span, timeline, track
from tests.format_cuts import shots_of, tag
from tests.media import read_number
from tests.stand_in import StandIn

HOUR = 86400
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u2028{{7*7}}"
RUN = RunFacts(device="cpu", version="0.0.0")


class Elements(HTMLParser):
    """Collects a page's elements with their attributes, and the text inside each kind."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)

    def of_class(self, name: str) -> list[dict[str, str]]:
        return [attributes for _, attributes in self.found if name in attributes.get("class", "").split()]


@pytest.fixture
def delivery(clips) -> Delivery:
    """A cut of two tracks with a double speed, a reverse, a freeze and a clip that is gone, judged by the bar codes."""
    media = str(clips / "tc24.mov")
    whole = span(HOUR, 100)
    made = timeline(
        track(
            clip(media, span(HOUR + 2, 12), available=whole, name="plain"),
            clip(media, span(HOUR + 20, 12), available=whole, speed=2.0, name="double"),
            clip(media, span(HOUR + 50, 12), available=whole, speed=-1.0, name="backward"),
            clip(media, span(HOUR + 77, 12), available=whole, speed=0, name="frozen"),
            clip("/gone/away.mov", span(0, 10), name="away"),
        ),
        track(gap(6), clip(str(clips / "plain24.mp4"), span(90, 6), available=span(0, 100), name=EVIL)),
        start=RationalTime(HOUR, 24),
    )
    cut = Cut.of(made)
    shots, skips = find_shots(cut)
    tags, more = tag_shots(shots, StandIn())
    return deliver(cut, tags, skips=[*skips, *more], run=RUN)


def page_of(path: Path, *deliveries: Delivery, **options) -> str:
    write_report(deliveries, path / "page.html", **options)
    return (path / "page.html").read_text(encoding="utf-8")


def pixels(uri: str) -> np.ndarray:
    """Decode a picture of the page."""
    encoded = base64.b64decode(uri.removeprefix("data:image/webp;base64,"), validate=True)
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"))


def test_each_card_shows_the_frame_that_was_judged(delivery, tmp_path):
    """The picture of a shot is the middle one of the frames that were looked at, also of retimes."""
    found = Elements(page_of(tmp_path, delivery))
    shown = [read_number(pixels(still["src"])) for still in found.of_class("still")]
    # By hand: the middle of 12 frames is number 6, so 2 + 6; 90 + 3 on the track above; 20 + 2 * 6; of the
    # reverse, which begins at 50, 50 - 6; and the frozen frame.
    assert shown == [8, 93, 32, 44, 77]
    assert {frames_looked_at(one)[1] for one in delivery.tags if one.shot.name != "frozen"} == {8, 93, 32, 44}


def test_the_page_needs_nothing_beside_it(delivery, tmp_path):
    """No address leads out of the file; its policy allows its own script only, by its hash."""
    page = page_of(tmp_path, delivery)
    found = Elements(page)
    for name, attributes in found.found:
        for key in ("src", "href", "action", "data", "poster", "srcset"):
            address = attributes.get(key)
            assert address is None or address.startswith(("data:image/webp;base64,", "#")), (name, address)
        assert not [key for key in attributes if key.startswith("on")], name
    assert not re.search(r"https?:|url\(|@import", page)
    (policy,) = (
        attributes["content"]
        for _, attributes in found.found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    script = found.texts["script"][-1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert "img-src data:;" in policy


def test_the_same_run_gives_the_same_page(delivery, tmp_path):
    """There is no date and no chance in a page."""
    assert page_of(tmp_path, delivery) == page_of(tmp_path, delivery)


def test_names_from_the_cut_are_text_only(delivery, tmp_path):
    """A name that looks like HTML, like a script or like a template is shown as it is and does nothing."""
    cut = delivery.cut
    cut.timeline.name = EVIL
    skips = [replace(skip, reason=EVIL, name=EVIL) for skip in delivery.skips]
    found = Elements(page_of(tmp_path, replace(delivery, skips=tuple(skips))))
    shown = EVIL.replace("\u2028", " ")
    assert [name for name, _ in found.found].count("script") == 3
    assert not [attributes for name, attributes in found.found if name == "img" and "onerror" in attributes]
    assert shown in "".join(found.texts["h1"])
    assert shown in found.texts["p"]
    facts = json.loads(found.texts["script"][0])
    assert facts["cut"] == shown
    assert EVIL in [one["name"] for one in facts["corrections"]]


def test_a_name_that_is_no_unicode_does_not_stop_the_page(delivery, tmp_path):
    """Half a character, as broken file names give it, is replaced."""
    skips = [replace(skip, name="a\ud800b", reason="media not found: /x\udcff.mov") for skip in delivery.skips]
    page = page_of(tmp_path, replace(delivery, skips=tuple(skips)))
    assert "media not found: /x" in page


def test_the_page_carries_what_corrections_need(delivery, tmp_path):
    """Each card has its fact sheet, which with a size is a correction that finds its shot again."""
    found = Elements(page_of(tmp_path, delivery))
    document = json.loads(found.texts["script"][0])
    facts = {one["name"]: one for one in document["corrections"]}
    assert facts == {one.shot.name: correction_facts(one, delivery.cut) for one in delivery.tags}
    document["corrections"] = [{**facts["double"], "to": "EWS"}]
    (tmp_path / "c.json").write_text(json.dumps(document), encoding="utf-8")
    corrected, unmatched = correct(delivery.tags, read_corrections(tmp_path / "c.json"))
    assert unmatched == []
    assert [one.shot.name for one in corrected if one.model == "human"] == ["double"]
    again = Elements(page_of(tmp_path, deliver(delivery.cut, corrected, run=RUN)))
    assert "set by hand" in again.texts["b"]


def test_the_figures_are_those_of_the_statistics(delivery, tmp_path):
    """Shots, average and median length and time on screen stand at the top, the skips with their reasons below."""
    found = Elements(page_of(tmp_path, delivery))
    # plain 0-6 and, after the shot above it, nothing: 6-12 is hidden. 6 + 6 + 12 + 12 + 12 frames of 24 a second.
    assert found.texts["dt"][5:11] == ["shots", "average length", "median length", "on screen", "unsure", "not judged"]
    assert found.texts["dd"][5:11] == ["5", "0.40 s", "0.50 s", "2.0 s", "0", "1"]
    assert "media not found: /gone/away.mov" in found.texts["td"]


def test_a_picture_that_cannot_be_decoded_is_said(delivery, tmp_path):
    """A shot whose file has gone since it was judged keeps its card, and costs no other its picture."""

    def decode(media: Path, moments: Sequence[Fraction], short_side: int) -> Frames:
        if any(30 < moment * 24 < 34 for moment in moments):
            raise MediaError("gone")
        return Frames(np.zeros((len(moments), 9, 16, 3), np.uint8), tuple(moments), 0)

    found = Elements(page_of(tmp_path, delivery, decode=decode))
    assert len(found.of_class("still")) == 4
    assert found.texts["p"].count("no picture") == 1


def test_other_analyses_are_a_badge(delivery, tmp_path):
    """What a second analysis says stands on the card and changes no figure."""
    push = Label("push_in", "push in", "BLUE")
    first = delivery.tags[0]
    moved = replace(
        first,
        analysis="camera_movement",
        prediction=replace(first.prediction, label=push, path=(push,), confidence=0.81),
    )
    plain = Elements(page_of(tmp_path, delivery))
    badged = Elements(page_of(tmp_path, deliver(delivery.cut, [*delivery.tags, moved], skips=delivery.skips, run=RUN)))
    assert "push in 81%" in badged.texts["span"]
    assert badged.texts["dd"] == plain.texts["dd"]
    assert len(badged.of_class("card")) == len(plain.of_class("card")) == 5


def test_heat_maps_come_from_who_draws_them(delivery, tmp_path):
    """The drawer gets each tag with its picture; where it gives one, the card has it, else it has none."""
    asked = []

    def heat_map_of(one, picture):
        asked.append((one.shot.name, read_number(picture)))
        return None if one.shot.name == "frozen" else 255 - picture

    found = Elements(page_of(tmp_path, delivery, heat_map_of=heat_map_of))
    assert sorted(number for _, number in asked) == [8, 32, 44, 77, 93]
    heats = found.of_class("heat")
    assert len(heats) == 4
    assert read_number(255 - pixels(heats[0]["src"])) == 8
    assert not Elements(page_of(tmp_path, delivery)).of_class("heat")


def test_a_page_appears_whole_or_not_at_all(delivery, tmp_path):
    """Where the page cannot be written nothing is left behind."""
    (tmp_path / "page.html").mkdir()
    with pytest.raises(FormatError, match=r"page\.html"):
        write_report([delivery], tmp_path / "page.html")
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.html"]


def test_several_cuts_stand_side_by_side(delivery, tmp_path):
    """Two cuts have a strip each, one table with a column for each, and a sheet each; equal names are told apart."""
    other = deliver(replace(delivery.cut, path=tmp_path / "b.otio"), delivery.tags[:2], run=RUN)
    found = Elements(page_of(tmp_path, replace(delivery, cut=replace(delivery.cut, path=tmp_path / "a.otio")), other))
    assert len(found.of_class("strip")) == 2
    assert len(found.of_class("sheet")) == 2
    assert [str(tmp_path / "a.otio") in text for text in found.texts["h1"]]
    assert found.texts["td"][:2] == ["5", "2"]
    ids = [attributes["id"] for _, attributes in found.found if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_strip_is_to_scale():
    """A bar is as long as its shot and as high as its size; one that changes its size has a slope."""
    bars = [
        charts.Bar(0, 1, 0, 0, "PURPLE", "EWS", "a", "EWS"),
        charts.Bar(1, 4, 4, 6, "RED", "MS→CU", "b", "MS→CU", is_unsure=True),
        charts.Bar(4, 5, -1, -1, "", "", "", "not judged"),
    ]
    (row,) = charts.strip([("V1", bars)], 5, 5)
    assert row.lanes[0].drawing.count("<path") == 3
    assert 'd="M0 80V70L2000 70V80Z"' in row.lanes[0].drawing  # a fifth of the width, an eighth of the height
    assert 'd="M2000 80V30L8000 10V80Z"' in row.lanes[0].drawing  # from five eighths to seven
    assert 'class="bar c-RED unsure" href="#b"' in row.lanes[0].drawing
    assert 'class="unjudged" d="M8000 76H10000V80H8000Z"' in row.lanes[0].drawing


def test_a_film_has_several_lines():
    """A long strip is broken like music; a shot across two lines is drawn in both, and none is lost."""
    bars = [charts.Bar(at * 3.0, at * 3.0 + 3, 5, 5, "RED", "CU", f"s{at}", "CU") for at in range(2000)]
    per_row = charts.row_seconds(6000, 2000)
    rows = charts.strip([("V1", bars)], 6000, per_row)
    assert (per_row, len(rows)) == (600, 10)
    assert charts.strip([("V1", bars)], 5500, per_row)[-1].share == pytest.approx(100 / 600)
    drawn = [target for row in rows for target in re.findall(r'href="#(s\d+)"', row.lanes[0].drawing)]
    assert list(dict.fromkeys(drawn)) == [f"s{at}" for at in range(2000)]
    assert charts.row_seconds(600, 200) == 600


def test_a_film_of_two_thousand_shots_keeps_to_its_size(tmp_path):
    """Pictures of 2,000 shots fit in their budget even where they are noise, and all else in what is left of 60 MB."""
    noise = np.random.default_rng(1).integers(0, 255, (270, 480, 3), dtype=np.uint8)
    assert len(encode(noise, share_of(2000))) <= share_of(2000) < MOST_BYTES
    cut = Cut.of(timeline(track(*(clip("/vol/film.mov", span(at * 24, 24), name=f"shot {at}") for at in range(2000)))))
    film = deliver(cut, [tag(shot) for shot in shots_of(cut)], run=RUN)

    def decode(media: Path, moments: Sequence[Fraction], short_side: int) -> Frames:
        raise MediaError("not here")

    write_report([film], tmp_path / "page.html", decode=decode)
    assert (tmp_path / "page.html").stat().st_size + 2000 * share_of(2000) * 4 / 3 < 60_000_000


def test_a_film_in_one_file_is_read_once_through(tmp_path):
    """Each moment is asked for once, in the order of the file, several in one go; progress comes to its end."""
    cut = Cut.of(timeline(track(*(clip("/vol/film.mov", span(at * 24, 24)) for at in reversed(range(200))))))
    tags = [tag(shot) for shot in shots_of(cut)]
    calls: list[list[Fraction]] = []

    def decode(media: Path, moments: Sequence[Fraction], short_side: int) -> Frames:
        calls.append(list(moments))
        return Frames(np.zeros((len(moments), 9, 16, 3), np.uint8), tuple(moments), 0)

    found = dict(decode_pictures(tags, decode=decode))
    assert sorted(found) == list(range(200))
    assert len(calls) == 13
    moments = [moment for call in sorted(calls) for moment in call]
    assert moments == sorted(moments)
    assert len(set(moments)) == 200
    done = []
    write_report(
        [deliver(cut, tags, run=RUN)], tmp_path / "page.html",
        decode=decode, progress=lambda at, total: done.append((at, total)),
    )  # fmt: skip
    assert done == [(at, 200) for at in range(1, 201)]


def test_settings_choose_the_words_and_colours(delivery, tmp_path):
    """The names and colours of sizes are those of the settings, also where they name a few only."""
    settings = Settings(names={"EWS": "Totale <weit>"}, colors={"EWS": "BLACK"})
    found = Elements(page_of(tmp_path, deliver(delivery.cut, delivery.tags, settings=settings, run=RUN)))
    assert "Totale <weit>" in found.texts["span"]
    (chip,) = (chip for chip in found.of_class("chip") if chip["data-size"] == "EWS")
    assert "c-BLACK" in chip["class"]


# What is left of linear RGB for eyes without one kind of cone: Machado, Oliveira and Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.
EYES = {
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
SIZE_COLORS = ("purple", "blue", "cyan", "green", "yellow", "orange", "red", "pink")


def palettes() -> list[dict[str, str]]:
    """The colours of the style sheet, light and dark."""
    style = (Path(otio_shottag.report.__file__).parent / "page.css").read_text(encoding="utf-8")
    blocks = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block)) for block in style.split("{")]
    return [block for block in blocks if "purple" in block]


def linear(color: str) -> np.ndarray:
    values = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Give linear RGB in Oklab (Ottosson, 2020), where distances are about as large as they look."""
    cones = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]]) @ rgb
    mixed = [[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]]
    return np.array(mixed) @ np.cbrt(cones)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark", "dark chosen"])
def test_every_eye_can_tell_the_sizes_apart(palette):
    """Each colour stands out from the paper 3:1 (WCAG 1.4.11), and any two from each other with any kind of cones."""
    paper = float(linear(palette["paper"]) @ [0.2126, 0.7152, 0.0722])
    for name in SIZE_COLORS:
        light = float(linear(palette[name]) @ [0.2126, 0.7152, 0.0722])
        assert (max(light, paper) + 0.05) / (min(light, paper) + 0.05) >= 3, name
    for eye, matrix in EYES.items():
        seen = {name: oklab(np.clip(np.array(matrix) @ linear(palette[name]), 0, 1)) for name in SIZE_COLORS}
        for one, other in combinations(SIZE_COLORS, 2):
            assert np.linalg.norm(seen[one] - seen[other]) > 0.06, (eye, one, other)
