"""Every clip of a cut comes out as the frames it really shows, or with the reason why not."""

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime

from otio_shottag.decode import decode_frames
from otio_shottag.errors import TimelineError
from otio_shottag.finding import find_shots
from otio_shottag.media_paths import MediaFinder
from otio_shottag.shots import Shot
from otio_shottag.timeline import Cut
from tests.cuts import clip, dissolve, gap, span, stack, timeline, track
from tests.media import Clip, draw_number, read_number, write_clip

HOUR = 86400
"""Frames of an hour at 24."""
NTSC = 24000 / 1001


def shots_of(cut: otio.schema.Timeline, folder: Path, **options) -> list[Shot]:
    shots, skips = find_shots(Cut.of(cut), finder=MediaFinder(folder=folder), **options)
    assert skips == []
    return shots


def one(item, folder: Path, **options) -> Shot:
    (shot,) = shots_of(timeline(track(item), **options), folder)
    return shot


def write_picture(path: Path, number: int) -> None:
    """A single picture that shows a number."""
    picture = Clip(codec="png", pix_fmt="rgb24", num_frames=1, container_options={"update": "1"})
    write_clip(path, picture, draw=lambda _, width, height: draw_number(number, width, height))


def seen(shot: Shot) -> list[int]:
    """The numbers that the decoded pictures of a shot really show."""
    numbers = list(dict.fromkeys(shot.frames))
    pictures = decode_frames(shot.media, [shot.seconds(number) for number in numbers], 96)
    read = [read_number(picture) for picture in pictures.data]
    assert read == numbers
    return list(shot.frames)


def test_a_plain_clip_shows_its_source_range(clips):
    """A clip that counts from 0 shows the frames its source range names."""
    assert seen(one(clip("plain24.mp4", span(10, 5), available=span(0, 100)), clips)) == [10, 11, 12, 13, 14]


def test_a_start_timecode_is_taken_off(clips):
    """Source times count from the start timecode that available_range gives."""
    item = clip("tc24.mov", span(HOUR + 7, 4), available=span(HOUR, 100))
    assert seen(one(item, clips)) == [7, 8, 9, 10]


def test_without_available_range_the_files_own_timecode_counts(clips):
    """Where the cut does not say what the file starts at, the file does."""
    assert seen(one(clip("tc24.mov", span(HOUR + 30, 3)), clips)) == [30, 31, 32]


def test_available_range_from_zero_with_source_timecode(clips):
    """A cut that says the file starts at 0 but counts in its timecode is read by the timecode."""
    item = clip("tc24.mov", span(HOUR + 30, 3), available=span(0, 100))
    assert seen(one(item, clips)) == [30, 31, 32]


def test_without_any_timecode_source_times_count_from_zero(clips):
    """Without available_range and without a timecode in the file, 0 is its first frame."""
    assert seen(one(clip("plain24.mp4", span(42, 2)), clips)) == [42, 43]


def test_without_source_range_the_whole_file_is_seen(clips):
    """A clip that names no range shows all that is available."""
    assert list(one(clip("tc24.mov", None, available=span(HOUR, 100)), clips).frames) == list(range(100))


def test_media_at_25_in_a_cut_of_24_skips_frames(clips):
    """A file of 25 frames a second in a cut of 24 loses one frame in 25."""
    item = clip("tc25.mov", span(900000 + 50, 26, 25), available=span(900000, 100, 25))
    cut = timeline(track(item), start=RationalTime(HOUR, 24))
    (shot,) = shots_of(cut, clips)
    expected = [50 + index * 25 // 24 for index in range(25)]
    assert seen(shot) == expected
    assert shot.record == span(HOUR, 25)


def test_media_at_24_in_a_cut_of_25_repeats_frames(clips):
    """A file of 24 frames a second in a cut of 25 shows one frame in 24 twice."""
    item = clip("tc24.mov", span(90000 + 25, 50, 25), available=span(HOUR, 100))
    cut = timeline(track(item), start=RationalTime(90000, 25))
    (shot,) = shots_of(cut, clips)
    assert seen(shot) == [24 + index * 24 // 25 for index in range(50)]


@pytest.mark.parametrize("first", [0, 20, 89])
@pytest.mark.parametrize("hours", [1, 10])
def test_23976_media_in_a_cut_of_24(clips, first, hours):
    """The same timecode at 24 and at 23.976 names the same frame, and the frames play one by one."""
    start = hours * HOUR
    item = clip("tc23976.mov", span(start + first, 10, 24), available=span(start, 100, NTSC))
    assert seen(one(item, clips, start=RationalTime(HOUR, 24))) == list(range(first, first + 10))


def test_a_cut_that_rounds_the_files_rate(clips):
    """A cut that calls a 23.976 file 24 means its frames by their number."""
    item = clip("tc23976.mov", span(HOUR + 90, 5, 24), available=span(HOUR, 100, 24))
    assert seen(one(item, clips)) == [90, 91, 92, 93, 94]


def test_drop_frame_timecode_of_a_file(clips):
    """A drop-frame start timecode is counted as such."""
    rate = 30000 / 1001
    start = 107892  # 01:00:00;00
    shot = one(clip("tc2997df.mov", span(start + 12, 3, rate)), clips)
    assert seen(shot) == [12, 13, 14]
    assert shot.rate == Fraction(30000, 1001)


def test_double_speed_shows_every_second_frame(clips):
    """A LinearTimeWarp of 2 shows every second frame, twice as much of the file."""
    assert seen(one(clip("plain24.mp4", span(10, 6), available=span(0, 100), speed=2), clips)) == [
        10,
        12,
        14,
        16,
        18,
        20,
    ]


def test_half_speed_shows_every_frame_twice(clips):
    """A LinearTimeWarp of 0.5 holds each frame for two."""
    assert seen(one(clip("plain24.mp4", span(10, 6), available=span(0, 100), speed=0.5), clips)) == [
        10,
        10,
        11,
        11,
        12,
        12,
    ]


def test_reverse_play_counts_down(clips):
    """A LinearTimeWarp of -1 plays down from the source range's start."""
    assert seen(one(clip("plain24.mp4", span(50, 5), available=span(0, 100), speed=-1), clips)) == [50, 49, 48, 47, 46]


def test_reverse_play_from_the_low_end_where_nothing_else_fits(clips):
    """Reverse play whose range starts at the file's first frame can only mean its low end."""
    assert seen(one(clip("plain24.mp4", span(0, 5), available=span(0, 100), speed=-1), clips)) == [4, 3, 2, 1, 0]


def test_reverse_play_of_resolve_starts_at_the_high_end(clips):
    """Resolve writes the low end of what a reversed clip shows."""
    shot = one(clip("plain24.mp4", span(20, 20), available=span(0, 100), speed=-1), clips, resolve=True)
    assert seen(shot) == list(range(39, 19, -1))


def test_reverse_double_speed_of_resolve(clips):
    """Resolve's reversed double speed shows every second frame of twice the range."""
    shot = one(clip("plain24.mp4", span(20, 10), available=span(0, 100), speed=-2), clips, resolve=True)
    assert seen(shot) == list(range(39, 20, -2))


def test_resolves_double_speed_example(clips):
    """Resolve's published example: source 39, duration 11, double speed, is media 40 to 60 counted from 1."""
    shot = one(clip("plain24.mp4", span(39, 11), available=span(0, 100), speed=2), clips, resolve=True)
    assert [number + 1 for number in seen(shot)] == list(range(40, 61, 2))


def test_a_freeze_shows_one_frame(clips):
    """A FreezeFrame shows the first frame of its range for the whole length."""
    assert seen(one(clip("plain24.mp4", span(33, 40), available=span(0, 100), speed=0), clips)) == [33] * 40


def test_a_speed_ramp_is_judged_on_its_first_frame(clips):
    """Of a ramp, whose curve the cut does not hold, only the first frame is sure."""
    ramp = otio.schema.TimeEffect(effect_name="TimeWarp")
    assert set(one(clip("plain24.mp4", span(33, 40), available=span(0, 100), effects=[ramp]), clips).frames) == {33}


def test_a_fractional_source_time(clips):
    """A source time between two frames, as Resolve writes it at mixed rates, shows the earlier one."""
    assert seen(one(clip("plain24.mp4", span(10.625, 3), available=span(0, 100)), clips)) == [10, 11, 12]


def test_frames_in_a_dissolve_are_not_clear(clips):
    """The frames that a dissolve mixes are part of the shot but not clear."""
    cut = timeline(
        track(
            clip("plain24.mp4", span(10, 20), available=span(0, 100)),
            dissolve(3, 5),
            clip("plain24.mp4", span(50, 20), available=span(0, 100)),
        )
    )
    first, second = shots_of(cut, clips)
    assert (first.clear, second.clear) == (range(0, 17), range(5, 20))
    assert first.record == span(0, 20)
    assert second.record == span(20, 20)


def test_a_shot_wholly_inside_dissolves_uses_all_its_frames(clips):
    """Where no frame is clear of a dissolve, all count."""
    cut = timeline(
        track(
            clip("plain24.mp4", span(10, 20), available=span(0, 100)),
            dissolve(3, 4),
            clip("plain24.mp4", span(50, 8), available=span(0, 100)),
            dissolve(4, 3),
            clip("plain24.mp4", span(70, 20), available=span(0, 100)),
        )
    )
    assert shots_of(cut, clips)[1].clear == range(0, 8)


def test_gaps_move_what_follows(clips):
    """A gap is no shot, and what follows it sits later."""
    cut = timeline(
        track(gap(12), clip("plain24.mp4", span(1, 2), available=span(0, 100))), start=RationalTime(HOUR, 24)
    )
    (shot,) = shots_of(cut, clips)
    assert (shot.address, shot.record) == ((0, 1), span(HOUR + 12, 2))


def test_several_tracks_and_hidden_shots(clips):
    """Every video track is looked at, bottom first, also what a higher one hides; audio is not."""
    cut = timeline(
        track(clip("plain24.mp4", span(1, 20), available=span(0, 100))),
        track(clip("plain24.mp4", span(0, 20), available=span(0, 100)), kind="Audio"),
        track(gap(5), clip("plain24.mp4", span(40, 10), available=span(0, 100))),
    )
    shots = shots_of(cut, clips)
    assert [(shot.address, shot.track) for shot in shots] == [((0, 0), "V1"), ((2, 1), "V2")]


def test_tracks_are_picked_by_number_or_name(clips):
    """--tracks takes V2 as well as the track's own name."""
    cut = timeline(
        track(clip("plain24.mp4", span(1, 2), available=span(0, 100))),
        track(clip("plain24.mp4", span(3, 2), available=span(0, 100)), name="B roll"),
    )
    for wanted in ("V2", "B roll"):
        assert [shot.address for shot in shots_of(cut, clips, tracks=[wanted])] == [(1, 0)]
    with pytest.raises(TimelineError, match=r"no video track 'V3'; it has V1 '', V2 'B roll'"):
        find_shots(cut, tracks=["V3"])


def test_disabled_clips_are_left_out_unless_asked_for(clips):
    """A disabled clip is neither shot nor skip, unless disabled ones are asked for."""
    cut = timeline(track(clip("plain24.mp4", span(1, 2), available=span(0, 100), enabled=False)))
    assert find_shots(Cut.of(cut), finder=MediaFinder(folder=clips)) == ([], [])
    assert len(shots_of(cut, clips, include_disabled=True)) == 1


def test_a_nested_stack_is_cut_to_what_its_parent_shows(clips):
    """Of the clips in a compound clip, each shows only what the compound's trim lets through."""
    inner = track(
        clip("plain24.mp4", span(0, 10), available=span(0, 100)),
        clip("plain24.mp4", span(30, 10), available=span(0, 100)),
        clip("plain24.mp4", span(60, 10), available=span(0, 100)),
    )
    cut = timeline(track(gap(4), stack(inner, source=span(6, 9))))
    shots, skips = find_shots(Cut.of(cut), finder=MediaFinder(folder=clips))
    assert [seen(shot) for shot in shots] == [[6, 7, 8, 9], [30, 31, 32, 33, 34]]
    assert [shot.record for shot in shots] == [span(4, 4), span(8, 5)]
    assert [shot.address for shot in shots] == [(0, 1, 0, 0), (0, 1, 0, 1)]
    assert [(skip.address, skip.reason) for skip in skips] == [
        ((0, 1, 0, 2), "hidden: the compound clip around it shows none of it")
    ]


def test_a_retimed_compound_clip(clips):
    """Speed of a compound clip multiplies that of the clips inside."""
    compound = stack(track(clip("plain24.mp4", span(10, 40), available=span(0, 100))), source=span(4, 8))
    compound.effects.append(otio.schema.LinearTimeWarp(time_scalar=2))
    assert seen(one(compound, clips)) == list(range(14, 30, 2))


@pytest.mark.parametrize(
    ("speed", "resolve", "expected"), [(-1, False, list(range(39, 29, -1))), (-1, True, list(range(39, 29, -1)))]
)
def test_a_reversed_compound_clip(clips, speed, resolve, expected):
    """A compound clip played backward ends on the first frame of what it shows."""
    compound = stack(track(clip("plain24.mp4", span(30, 10), available=span(0, 100))), source=span(0, 10))
    compound.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    (shot,) = shots_of(timeline(track(compound), resolve=resolve), clips)
    assert seen(shot) == expected


def test_the_edges_inside_a_reversed_compound_clip(clips):
    """Played backward, each clip inside shows its own frames and not one of its neighbour's."""
    inner = track(
        clip("plain24.mp4", span(10, 5), available=span(0, 100)),
        clip("plain24.mp4", span(50, 5), available=span(0, 100)),
    )
    compound = stack(inner, source=span(0, 10))
    compound.effects.append(otio.schema.LinearTimeWarp(time_scalar=-1))
    first, second = sorted(shots_of(timeline(track(compound)), clips), key=lambda shot: shot.record.start_time.value)
    assert (seen(first), seen(second)) == ([54, 53, 52, 51, 50], [14, 13, 12, 11, 10])


def test_reverse_inside_reverse_plays_forward(clips):
    """A reversed clip in a reversed compound clip plays forward again."""
    inner = clip("plain24.mp4", span(19, 10), available=span(0, 100), speed=-1)
    compound = stack(track(inner), source=span(0, 10))
    compound.effects.append(otio.schema.LinearTimeWarp(time_scalar=-1))
    assert seen(one(compound, clips)) == list(range(10, 20))


def test_a_trim_of_the_whole_timeline(clips):
    """A source range on the timeline's own stack shows that part of the tracks only."""
    cut = timeline(track(*(clip("plain24.mp4", span(at, 10), available=span(0, 100)) for at in (0, 30, 60))))
    cut.tracks.source_range = span(5, 10)
    shots, skips = find_shots(Cut.of(cut), finder=MediaFinder(folder=clips))
    assert [(list(shot.frames), shot.record) for shot in shots] == [
        ([5, 6, 7, 8, 9], span(0, 5)),
        ([30, 31, 32, 33, 34], span(5, 5)),
    ]
    assert [skip.address for skip in skips] == [(0, 2)]


def test_a_track_range_before_the_start_trims_nothing(clips):
    """A track range below zero, as OTIO's EDL adapter leaves it, hides no clip."""
    lane = track(clip("plain24.mp4", span(5, 10), available=span(0, 100)))
    lane.source_range = span(-HOUR, 10)
    assert [list(shot.frames) for shot in shots_of(timeline(lane), clips)] == [list(range(5, 15))]


def test_a_track_named_like_anothers_number(clips):
    """--tracks V2 means the second track, whatever the first is called."""
    cut = timeline(
        track(clip("plain24.mp4", span(1, 2), available=span(0, 100)), name="V2"),
        track(clip("plain24.mp4", span(3, 2), available=span(0, 100)), name="V1"),
    )
    assert [shot.address for shot in shots_of(cut, clips, tracks=["V2"])] == [(1, 0)]


def test_a_negative_length_moves_nothing(clips):
    """A clip of negative length is a skip, and what follows stays where it is."""
    items = [clip("plain24.mp4", span(10, length), available=span(0, 100)) for length in (8, -5, 4)]
    shots, skips = find_shots(Cut.of(timeline(track(*items))), finder=MediaFinder(folder=clips))
    assert [shot.record for shot in shots] == [span(0, 8), span(8, 4)]
    assert [skip.address for skip in skips] == [(0, 1)]


@pytest.mark.parametrize("broken", [span(float("nan"), 5), span(0, float("inf")), span(0, 1e300), span(0, 5, 1e-9)])
def test_times_that_are_none_are_said(clips, broken):
    """A cut with times that are no numbers is refused in words."""
    cut = timeline(track(clip("plain24.mp4", broken, available=span(0, 100))))
    with pytest.raises(TimelineError, match="holds a time that is none"):
        find_shots(cut, finder=MediaFinder(folder=clips))


def test_metadata_of_an_unexpected_kind_is_ignored(clips):
    """Metadata under a known key that holds something else costs nothing."""
    item = clip("", span(5, 3), name="plain24")
    for key in ("cmx_3600", "ALE", "Resolve_OTIO", "fcp_xml"):
        item.metadata[key] = 3
    shots, _ = find_shots(Cut.of(timeline(track(item))), finder=MediaFinder(roots=(clips,)))
    assert len(shots) == 1


def test_a_file_that_is_named_like_a_pattern(clips, tmp_path):
    """A film called take[1-2].mp4 is that film and no row of pictures."""
    (tmp_path / "take[1-2].mp4").write_bytes((clips / "plain24.mp4").read_bytes())
    assert seen(one(clip("take[1-2].mp4", span(3, 2), available=span(0, 100)), tmp_path)) == [3, 4]


def test_a_clip_used_twice_is_two_shots(clips):
    """The same clip in two places is two shots with two addresses."""
    item = clip("plain24.mp4", span(1, 2), available=span(0, 100))
    shots = shots_of(timeline(track(item, item.deepcopy())), clips)
    assert [shot.address for shot in shots] == [(0, 0), (0, 1)]


@pytest.mark.parametrize("first", [1, 1001])
def test_an_image_sequence(first, tmp_path):
    """An ImageSequenceReference gives the pictures by their numbers."""
    numbers = [first + index for index in range(12)]
    for index, number in enumerate(numbers):
        write_picture(tmp_path / f"shot.{number:04d}.png", index)
    reference = otio.schema.ImageSequenceReference(
        target_url_base=str(tmp_path), name_prefix="shot.", name_suffix=".png", start_frame=first, rate=24,
        frame_zero_padding=4, available_range=span(HOUR, 12),
    )  # fmt: skip
    item = otio.schema.Clip(name="shot", media_reference=reference, source_range=span(HOUR + 3, 4))
    assert seen(one(item, tmp_path)) == [3, 4, 5, 6]


def test_a_file_name_pattern_is_an_image_sequence(tmp_path):
    """A url with a range of numbers, as EDLs have it, is a sequence of pictures."""
    for index in range(6):
        write_picture(tmp_path / f"shot.{index + 10:04d}.png", index)
    item = clip(f"{tmp_path}/shot.[0010-0015].png", span(2, 3), available=span(0, 6))
    assert seen(one(item, tmp_path)) == [2, 3, 4]


def test_a_still_holds_for_its_whole_length(tmp_path):
    """A picture of one frame shows that frame for as long as the clip lasts."""
    write_picture(tmp_path / "still.png", 0)
    assert set(one(clip("still.png", span(HOUR, 200), available=span(HOUR, 1)), tmp_path).frames) == {0}


def skipped(item, folder: Path) -> str:
    shots, (skip,) = find_shots(Cut.of(timeline(track(item))), finder=MediaFinder(folder=folder))
    assert shots == []
    return skip.reason


def test_every_clip_without_footage_is_skipped_with_its_reason(clips):
    """A clip that cannot be judged says why, in words for an editor."""
    generator = otio.schema.Clip(
        media_reference=otio.schema.GeneratorReference(generator_kind="black"), source_range=span(0, 10)
    )
    assert skipped(generator, clips) == "a generator or title (black), not footage"
    assert skipped(clip("", span(0, 10)), clips).startswith("media offline: the cut names no file")
    assert skipped(clip("P:\\show\\gone.mov", span(0, 10)), clips) == "media not found: P:\\show\\gone.mov"
    assert skipped(clip("https://example.org/a.mov", span(0, 10)), clips).startswith("not a file on this machine")
    assert skipped(clip("plain24.mp4", None), clips) == "its length is zero or not in the cut"
    assert skipped(clip("plain24.mp4", span(500, 10), available=span(0, 100)), clips) == (
        "the cut asks for frames 500 to 509, the file has 100"
    )


def test_offline_media_that_resolve_names_is_found(clips):
    """A MissingReference with Resolve's Media Url is looked for there."""
    item = clip("", span(5, 3))
    item.media_reference = otio.schema.MissingReference(
        metadata={"Resolve_OTIO": {"Media Url": str(clips / "plain24.mp4")}}
    )
    assert seen(one(item, clips)) == [5, 6, 7]


def test_footage_of_an_edl_is_found_by_the_clips_name(clips):
    """A clip without a url is looked for by its name below the media roots."""
    cut = timeline(track(clip("", span(HOUR + 8, 2), name="TC24")))
    shots, skips = find_shots(Cut.of(cut), finder=MediaFinder(roots=(clips,)))
    assert skips == []
    assert seen(shots[0]) == [8, 9]


def test_one_bad_file_costs_its_own_shots(clips, tmp_path):
    """A broken file is a skip; the shots beside it are found."""
    (tmp_path / "broken.mov").write_bytes(b"no film" * 100)
    cut = timeline(
        track(
            clip(str(tmp_path / "broken.mov"), span(0, 5)),
            clip(str(clips / "plain24.mp4"), span(0, 5), available=span(0, 100)),
        )
    )
    shots, skips = find_shots(cut)
    assert ([shot.address for shot in shots], [skip.address for skip in skips]) == ([(0, 1)], [(0, 0)])


def test_the_timeline_is_left_as_it_was(clips):
    """Finding shots changes nothing in the timeline."""
    cut = timeline(track(clip("plain24.mp4", span(10, 6), available=span(0, 100), speed=2), dissolve(1, 1)))
    before = cut.to_json_string()
    find_shots(Cut.of(cut), finder=MediaFinder(folder=clips))
    assert cut.to_json_string() == before


def test_no_video_track_is_said(tmp_path):
    """A cut with nothing but sound is refused in words."""
    with pytest.raises(TimelineError, match="no video track"):
        find_shots(timeline(track(kind="Audio")))


def test_a_50_fps_file_behind_a_25_fps_reference(tmp_path):
    """A cut that counts a 50 fps file at 25 shows every second frame of it."""
    write_clip(tmp_path / "fifty.mp4", Clip(num_frames=60, rate=Fraction(50)))
    item = clip("fifty.mp4", span(5, 10, 25), available=span(0, 30, 25))
    assert seen(one(item, tmp_path)) == list(range(10, 30, 2))
