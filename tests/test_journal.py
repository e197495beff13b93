"""The journal says what is done, believes only what the disk bears out, and outlives kills and strangers."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otio_shottag.errors import FormatError
from otio_shottag.journal import LAYOUT_KEY, NAME, Journal, what_it_rests_on, whole_stamp


@pytest.fixture
def share(tmp_path) -> Path:
    """A share with a cut, its footage and the output that was written of it, noted in the journal."""
    folder = tmp_path / "share"
    for name, text in {
        "cuts/ep #1.otio": "cut",
        "footage/A 第1.mov": "film",
        "tagged/ep #1.tagged.otio": "out",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    note_done(folder)
    return folder


def note_done(share: Path, skips: int = 0) -> None:
    cut, footage, output = files(share)
    journal = Journal(share / "tagged")
    journal.begin(cut, [output])
    journal.finish(
        cut, [output], rests_on=what_it_rests_on(cut, "options"), media={footage: whole_stamp(footage)}, skips=skips,
        result="result",
    )  # fmt: skip


def files(share: Path) -> tuple[Path, Path, Path]:
    return share / "cuts/ep #1.otio", share / "footage/A 第1.mov", share / "tagged/ep #1.tagged.otio"


def is_done(share: Path, options: str = "options") -> bool:
    cut, _, output = files(share)
    return Journal(share / "tagged").unchanged(cut, what_it_rests_on(cut, options), [output]) is not None


def later(path: Path) -> None:
    """Let a file be changed ten seconds after it was."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**10))


def test_what_is_done_is_known_to_the_next_run(share):
    """A cut that is noted as done and has not changed is done; its output is known as ours."""
    assert is_done(share)
    assert Journal(share / "tagged").is_ours(files(share)[2])


def test_a_share_that_is_mounted_elsewhere_goes_on(share, tmp_path):
    """With cuts, footage and outputs moved together, all of it is still done."""
    moved = shutil.move(share, tmp_path / "mnt")
    assert is_done(Path(moved))


@pytest.mark.parametrize("change", ["cut", "options", "media changed", "media gone", "output gone", "output edited"])
def test_whatever_changes_has_it_done_again(share, change):
    """A changed cut or option, changed or missing footage, a missing or edited output each undo what was done."""
    cut, footage, output = files(share)
    match change:
        case "cut":
            cut.write_text("tuc", encoding="utf-8")
        case "media changed":
            later(footage)
        case "media gone":
            footage.unlink()
        case "output gone":
            output.unlink()
        case "output edited":
            later(output)
    assert not is_done(share, "other" if change == "options" else "options")


def test_the_grain_of_a_disks_clock_is_no_change(share):
    """A time of change that is a second off, as another way to mount the share may have it, changes nothing."""
    for path in files(share)[1:]:
        status = path.stat()
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns // 10**9 * 10**9))
    assert is_done(share)


def test_an_output_that_somebody_edited_is_not_ours_any_more(share):
    """What was written is ours as long as it is as it was left."""
    output = files(share)[2]
    later(output)
    assert not Journal(share / "tagged").is_ours(output)
    assert not Journal(share / "tagged").is_ours(output.with_name("other.otio"))


def test_what_was_being_written_is_ours_and_not_done(share):
    """After a kill between the two lines of a cut its output may be replaced, and has to be."""
    cut, _, output = files(share)
    Journal(share / "tagged").begin(cut, [output])
    later(output)
    assert not is_done(share)
    assert Journal(share / "tagged").is_ours(output)


def test_of_a_cut_that_failed_only_what_was_written_is_ours(share):
    """An output that could not be written is not ours: who puts a file there keeps it."""
    cut, _, output = files(share)
    other = output.with_suffix(".edl")
    journal = Journal(share / "tagged")
    journal.begin(cut, [output, other])
    journal.fail(cut, [output])
    other.write_text("mine", encoding="utf-8")
    for known in (journal, Journal(share / "tagged")):
        assert known.is_ours(output)
        assert not known.is_ours(other)
    assert not is_done(share)


@pytest.mark.parametrize(
    "line",
    [
        b'{"otio_shottag_journal": 1, "cut": "../cuts/ep',
        b"\xff\xfe\x00garbage",
        b"[" * 100_000,
        b"1" * 10_000,
        b'"text"',
        b"null",
        b"{}",
        b'{"otio_shottag_journal": 2, "cut": "../cuts/ep #1.otio", "undone": true}',
        b'{"otio_shottag_journal": 2, "cut": "../cuts/ep #1.otio", "writing": ["ep #1.tagged.otio"]}',
        b'{"otio_shottag_journal": 1, "cut": 7, "writing": ["ep #1.tagged.otio"]}',
        b'{"otio_shottag_journal": 1, "cut": "../cuts/ep #1.otio", "writing": "x"}',
        b'{"otio_shottag_journal": 1, "cut": "../cuts/ep #1.otio", "writing": [["x"]]}',
        b'{"otio_shottag_journal": 1, "cut": "../cuts/ep #1.otio", "wrote": {"a": [1]}}',
        b'{"otio_shottag_journal": 1, "cut": "../cuts/ep #1.otio", "wrote": {"a": ["1", "2"]}}',
        b'{"otio_shottag_journal": 1, "cut": "other", "wrote": {"a\\u0000b": [1, 2]}, "rests_on": "", "media": []}',
        b'{"otio_shottag_journal": 1, "cut": "other", "writing": ["x"], "host": [], "process": "rm"}',
    ],
    ids=range(16),
)
def test_lines_that_make_no_sense_are_passed_over(share, line):
    """Torn, foreign, newer and senseless lines, also as the last one, cost nothing; the next line begins anew."""
    path = share / "tagged" / NAME
    path.write_bytes(line + b"\n" + path.read_bytes() + line)
    assert is_done(share)
    later(files(share)[2])
    note_done(share)
    assert is_done(share)


def test_a_name_that_is_no_unicode_is_kept(share):
    """A cut whose name holds a byte that is no UTF-8 is found again."""
    cut = share / os.fsdecode(b"cuts/ep\xff.otio")
    try:
        cut.write_text("cut", encoding="utf-8")
    except OSError:
        pytest.skip("this disk takes only Unicode for names")
    output = files(share)[2]
    Journal(share / "tagged").finish(cut, [output], rests_on="x", media={cut: whole_stamp(cut)}, skips=0, result="")
    assert Journal(share / "tagged").unchanged(cut, "x", [output]) is not None


def test_a_link_in_the_journals_place_is_refused(tmp_path):
    """Nothing is read from, and nothing added to, what a link in the journal's place leads to."""
    target = tmp_path / "precious"
    target.write_text("mine\n", encoding="utf-8")
    (tmp_path / NAME).symlink_to(target)
    journal = Journal(tmp_path)
    with pytest.raises(FormatError, match="should be a plain file"):
        journal.begin(tmp_path / "cut.otio", [])
    assert target.read_text(encoding="utf-8") == "mine\n"


def test_the_process_that_was_killed_is_known(share):
    """A writer that is gone is told from one that still runs, and from one on another machine."""
    cut, _, output = files(share)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    facts = {LAYOUT_KEY: 1, "cut": "../cuts/ep #1.otio", "writing": ["x"]}
    for host, process, expected in (
        (platform.node(), gone.pid, gone.pid),
        (platform.node(), os.getpid(), None),
        (platform.node(), -1, None),
        (platform.node(), 10**30, None),
        (platform.node() + "-other", gone.pid, None),
    ):
        line = json.dumps({**facts, "host": host, "process": process})
        (share / "tagged" / NAME).write_text(line + "\n", encoding="utf-8")
        assert Journal(share / "tagged").dead_writer(cut) == expected
    assert output.exists()


def test_a_bundle_rests_on_every_file_in_it(tmp_path):
    """A cut that is a folder is another one when a file in it changes, comes or goes."""
    bundle = tmp_path / "reel.otiod"
    (bundle / "media").mkdir(parents=True)
    (bundle / "content.otio").write_text("cut", encoding="utf-8")
    digests = {what_it_rests_on(bundle, "")}
    (bundle / "media" / "a.mov").write_text("film", encoding="utf-8")
    digests.add(what_it_rests_on(bundle, ""))
    later(bundle / "content.otio")
    digests.add(what_it_rests_on(bundle, ""))
    assert len(digests) == 3
    assert what_it_rests_on(bundle, "") in digests
