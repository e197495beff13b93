"""Real timelines: marked, marked again and stripped, each is what it was."""

from collections import Counter
from pathlib import Path

from otio_shottag.errors import FormatError, TimelineError
from otio_shottag.formats import WRITERS, strip, write
from otio_shottag.timeline import KINDS, Cut, read_timeline
from tests.format_cuts import tags_of, text_of

OWN_FORMAT = {"otio": "otio", "edl": "cmx", "fcp7": "fcp7", "fcpxml": "fcpxml"}


def cuts_in(path: Path, *, most: int = 2) -> list[tuple[Cut, str | None]]:
    """The first sequences of a file that can be read, with their names where there are several."""
    try:
        return [(read_timeline(path), None)]
    except TimelineError as error:
        if "name one with --sequence" not in str(error):
            return []
        names = [name.strip("'") for name in str(error).partition("--sequence: ")[2].split("', '")]
    found = []
    for name in list(dict.fromkeys(names))[:most]:
        try:
            found.append((read_timeline(path, sequence=name), name))
        except TimelineError:
            continue
    return found


def tags_in(cut: Cut):
    try:
        return tags_of(cut)
    except TimelineError:  # a cut without video is a cut without shots
        return []


def test_every_real_cut_is_stripped_to_what_it_was(corpus, tmp_path):
    """Each file written in its own format carries all its marks, twice is once, and stripping gives it back."""
    done = Counter()
    for path in sorted(corpus.rglob("*")):
        if not path.is_file() or KINDS.get(path.suffix.lower()) not in OWN_FORMAT:
            continue
        for cut, sequence in cuts_in(path):
            name = OWN_FORMAT[cut.format]
            rate = cut.rate if name == "cmx" else None
            once, twice, stripped = (
                tmp_path / f"{step}{WRITERS[name].endings[0]}" for step in ("once", "twice", "stripped")
            )
            tags = tags_in(cut)
            write(cut, tags, once, format=name)
            read = read_timeline(once, rate=rate, sequence=sequence)
            again = tags_in(read)
            assert [(one.shot.address, one.shot.record) for one in again] == [
                (one.shot.address, one.shot.record) for one in tags
            ], path
            write(read, again, twice, format=name)
            assert twice.read_bytes() == once.read_bytes(), path
            assert once.read_bytes().count(b"(otio-shottag)") >= len(tags), path
            strip(read, stripped, format=name)
            if name == "otio":
                back = read_timeline(stripped, sequence=sequence).timeline
                assert text_of(back) == text_of(cut.timeline), path
            else:
                assert stripped.read_bytes() == path.read_bytes(), path
            done[name] += 1
    assert set(done) == set(OWN_FORMAT.values())


def test_every_real_cut_is_written_or_refused_in_a_line(corpus, tmp_path):
    """Any cut goes into any format, or says in one line why not; the cut itself never changes."""
    refusals = []
    for path in sorted(corpus.rglob("*")):
        if not path.is_file() or path.suffix.lower() not in KINDS or path.stat().st_size > 50_000:
            continue
        for cut, _ in cuts_in(path, most=1):
            tags, before = tags_in(cut), text_of(cut.timeline)
            for name, form in WRITERS.items():
                try:
                    write(cut, tags, tmp_path / f"out{form.endings[0]}", format=name)
                except FormatError as error:
                    refusals.append(str(error))
            assert text_of(cut.timeline) == before, path
    assert [line for line in refusals if "\n" in line] == []
    assert len({line.partition("cut has")[0] for line in refusals}) < 10
