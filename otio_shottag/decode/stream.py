"""The pictures of one file in the order they are shown, each either sound or marked damaged.

Rests on FFmpeg's demuxers and decoders through PyAV (https://pyav.basswood-io.com). Knows how to
begin at the file's start or at a key frame, and leaves to ``reading`` where that should be.
"""

from __future__ import annotations  # PyAV's Packet can be subscripted in its type stubs only

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import floor
from pathlib import Path
from typing import TypeAlias

from av import VideoFrame
from av.codec.hwaccel import HWAccel
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from otio_shottag.decode.damage import DamageWatch
from otio_shottag.decode.key_frames import KeyFrameList
from otio_shottag.decode.opening import MOST_PIXELS, exact, find_video, holds_one_picture, open_media, picture_rate
from otio_shottag.decode.passing import Passing

VideoPacket: TypeAlias = "Packet[VideoStream]"

# Television's formats, in which every frame has the same length. A demuxer drops what it finds
# damaged in them, and only a gap remains.
_STEADY_FORMATS = ("mpegts", "mpeg")
# MPEG-4 says "nothing new" in packets up to this size and gives no picture for them.
_LARGEST_EMPTY_PACKET = 19
# A demuxer that stumbles this often has lost its way for good.
_MOST_DEMUX_ERRORS = 8
# No decoder holds back this many pictures: it is not going to give any (some 20 s of film).
_MOST_SILENT_PACKETS = 500


@dataclass(slots=True, eq=False)
class Picture:
    """One picture of a file and when it is on screen."""

    start: Fraction
    """Seconds, on the stream's own clock."""
    duration: Fraction
    """Seconds it says it lasts; the next picture ends it, so this counts for the last one only."""
    source: VideoFrame | VideoPacket | None
    """What shows it: decoded, or still to be decoded alone; None where it is damaged."""
    encoded: bytes = b""
    """What a still was decoded from."""


class PictureStream:
    """Reads one file forward, from its start or from a key frame; not for two threads at once."""

    def __init__(self, path: Path, *, threads: int = 0, hardware: HWAccel | None = None) -> None:
        """Open a file; ``threads`` decode it, 0 for as many as there are cores."""
        self._path = path
        self._threads = threads
        self._hardware = hardware
        self._open()

    def _open(self) -> None:
        self._container = open_media(self._path, self._hardware)
        self._stream = find_video(self._container, self._path)
        self._decoder = self._stream.codec_context
        # Frame threads hold back a picture each and lose them at a seek.
        self._decoder.thread_type = "SLICE"
        self._decoder.thread_count = self._threads
        self._decoder.options = {"max_pixels": str(MOST_PIXELS)}
        self._time_base = exact(self._stream.time_base) or Fraction(1, 1000)
        self.frame_duration = 1 / picture_rate(self._stream)
        self.sample_aspect = exact(self._stream.sample_aspect_ratio) or Fraction(1)
        self.holds_one_picture = holds_one_picture(self._container)
        self.is_intra_only = self._decoder.codec.intra_only
        """Whether no picture needs another."""
        self.from_start = True
        """Whether reading began at the file's start and not at a key frame."""
        self.gave_up = False
        """Whether reading ended before the file did."""
        self.key_frames = KeyFrameList(self._stream, self._time_base)
        self.passing = Passing(self._stream, self._time_base, self.frame_duration)
        self._pictures = self._read(self._packets())

    @property
    def can_seek(self) -> bool:
        """Whether the file says when a picture is shown; else they are counted from the start.

        AVI has no room for it, and MPEG-4 alone gives it away in the picture itself.
        """
        has_no_order = self._container.format.name == "avi" and self._decoder.codec.name in ("h264", "hevc", "vvc")
        return self._stream.start_time is not None and not (has_no_order and self._decoder.has_b_frames)

    @property
    def is_on_hardware(self) -> bool:
        """Whether a graphics card decodes it."""
        return bool(self._decoder.is_hwaccel)

    def restart(self) -> None:
        """Open the file again, to read from its very start."""
        self.close()
        self._open()

    def close(self) -> None:
        """Let go of the file."""
        self._pictures = iter(())
        self._container.close()

    def seek(self, seconds: Fraction) -> Fraction | None:
        """Go to the last key frame at or before a moment, and say when that is.

        None where the file does not let us, and when we landed after the moment, as some demuxers
        do; there are no pictures to read then. A file that cannot be sought is read from its start.
        """
        if not self.can_seek:
            self.restart()
            return None
        moment = floor(seconds / self._time_base)
        packets = self._seek(moment)
        key_packet = next((packet for packet in packets if packet.is_keyframe), None)
        if key_packet is None or key_packet.pts is None or key_packet.pts > moment:
            return None
        self._pictures = self._read(chain((key_packet,), packets))
        return key_packet.pts * self._time_base

    def _seek(self, moment: int) -> Iterator[VideoPacket]:
        """Give the packets from about the last key frame before a moment; no pictures are to be read till then."""
        if self._container.format.name == "mpeg":
            packets = self._skip_to(moment)
        else:
            self._pictures = iter(())
            try:
                self._container.seek(moment, stream=self._stream)
            except FFmpegError:
                packets = iter(())
            else:
                packets = self._packets()
        self.from_start = self.gave_up = False
        self.passing.forget()
        return packets

    def _skip_to(self, moment: int) -> Iterator[VideoPacket]:
        """Give the packets from the last key frame before a moment, found by reading from the start.

        In an MPEG program stream only some packets carry a time. After a seek FFmpeg counts on from
        the wrong one, which gave every fourth picture of a test clip its neighbour's time.
        """
        self.restart()
        packets = self._packets()
        held: list[VideoPacket] = []
        for packet in packets:
            if packet.is_keyframe and packet.pts is not None and packet.pts <= moment:
                held.clear()
            held.append(packet)
            if packet.dts is not None and packet.dts > moment:
                break
        return chain(held, packets)

    @property
    def has_key_frames(self) -> bool:
        """Whether some pictures need others before them, and seeking is cheap."""
        return (
            self.can_seek
            and not self.holds_one_picture
            and not self.is_intra_only
            and self._container.format.name not in _STEADY_FORMATS
        )

    def key_picture(self, seconds: Fraction) -> Picture | None:
        """Give about the last key frame before a moment, which needs no other picture; then seek again.

        None where the file does not let us, or the picture is damaged.
        """
        packet = next((packet for packet in self._seek(floor(seconds / self._time_base)) if packet.is_keyframe), None)
        if packet is None or packet.pts is None or packet.is_corrupt:
            return None
        frames, has_failed = self._decode(packet)
        if not frames:
            frames, has_failed_late = self._decode(None)
            has_failed = has_failed or has_failed_late
        self._decoder.flush_buffers()
        if has_failed or len(frames) != 1 or frames[0].is_corrupt or frames[0].pts != packet.pts:
            return None
        return self._picture(packet.pts, packet.duration, frames[0])

    def next(self) -> Picture | None:
        """Give the next picture in the order they are shown; None after the last."""
        return next(self._pictures, None)

    def show(self, picture: Picture) -> VideoFrame | None:
        """Give what a picture shows; None where it turns out damaged."""
        if isinstance(picture.source, Packet):
            packet = picture.source
            frames, has_failed = self._decode(packet)
            if not frames:
                # A decoder that works ahead gives its picture only at the end.
                frames, has_failed = self._decode(None)
                self._decoder.flush_buffers()
            is_sound = len(frames) > 0 and not has_failed and not frames[0].is_corrupt
            picture.source = frames[0] if is_sound else None
            picture.encoded = bytes(packet) if self.holds_one_picture else b""
        return picture.source

    def _packets(self) -> Iterator[VideoPacket]:
        """Give the packets that hold something, stepping over what the demuxer stumbles on."""
        for _ in range(_MOST_DEMUX_ERRORS):
            try:
                # An empty packet says "as before" in AVI, but "no more" to a decoder.
                yield from (packet for packet in self._container.demux(self._stream) if packet.size)
                return
            except (FFmpegError, IndexError):  # IndexError: a stream that turned up late, in PyAV
                continue
        self.gave_up = True

    def _decode(self, packet: VideoPacket | None) -> tuple[list[VideoFrame], bool]:
        """Give the pictures that a packet lets out of the decoder, and whether it failed."""
        try:
            return self._decoder.decode(packet), False
        except FFmpegError:
            return [], True

    def _read(self, packets: Iterator[VideoPacket]) -> Iterator[Picture]:
        first = next(packets, None)
        if first is None:
            return
        packets = chain((first,), packets)
        if self.holds_one_picture:
            yield Picture(Fraction(0), self.frame_duration, first)
        elif not self.can_seek:
            yield from self._read_counted(packets)
        elif self.is_intra_only:
            yield from self._read_undecoded(packets)
        else:
            yield from self._read_decoded(packets, first)

    def _read_undecoded(self, packets: Iterable[VideoPacket]) -> Iterator[Picture]:
        """Give the pictures of a codec in which every packet stands alone, none decoded yet."""
        for packet in packets:
            if packet.pts is not None and not packet.is_discard:
                yield self._picture(packet.pts, packet.duration, None if packet.is_corrupt else packet)

    def _read_decoded(self, packets: Iterable[VideoPacket], first: VideoPacket) -> Iterator[Picture]:
        """Give the pictures as they leave the decoder, and a damaged one for each gap."""
        key_frame = first.pts if first.is_keyframe else None
        is_steady = self._container.format.name in _STEADY_FORMATS
        watch = DamageWatch(key_frame, self.frame_duration / self._time_base, is_steady=is_steady)
        silent_packets = 0
        for packet in chain(packets, (None,)):
            is_passed_over = not is_steady and self.passing.passes(packet)
            frames, has_failed = self._decode(packet)
            silent_packets = 0 if frames or is_passed_over else silent_packets + 1
            if silent_packets > _MOST_SILENT_PACKETS:
                self.gave_up = True
                if key_frame is not None:
                    yield self._picture(key_frame, None, None)
                return
            if packet is not None and packet.pts is not None and not packet.is_discard:
                is_broken = has_failed or packet.is_corrupt
                if is_passed_over:
                    watch.pass_over(packet.pts, is_broken=is_broken)
                elif is_broken or packet.size > _LARGEST_EMPTY_PACKET:
                    watch.put_in(packet.pts, is_broken=is_broken)
            for frame in frames:
                self.passing.came_out(frame.pts or 0)
                if frame.pts is None or (not self.from_start and key_frame is not None and frame.pts < key_frame):
                    # Shown before the key frame that a seek landed on, so predicted from pictures
                    # that the decoder never saw.
                    continue
                lost = watch.find_lost(frame.pts)
                if lost is not None:
                    yield self._picture(lost, None, None)
                is_sound = watch.is_sound(
                    frame.pts,
                    duration=frame.duration,
                    is_key_frame=frame.key_frame,
                    is_broken=frame.is_corrupt,
                )
                yield self._picture(frame.pts, frame.duration, frame if is_sound else None)

    def _read_counted(self, packets: Iterable[VideoPacket]) -> Iterator[Picture]:
        """Give the pictures of a file without times, counted from its start until one is damaged."""
        count = 0
        for packet in chain(packets, (None,)):
            frames, has_failed = self._decode(packet)
            for frame in frames:
                if frame.is_corrupt:
                    self.gave_up = True
                    return
                yield Picture(count * self.frame_duration, self.frame_duration, frame)
                count += 1
            if has_failed:
                # How many pictures were lost cannot be known.
                self.gave_up = True
                return

    def _picture(self, ticks: int, duration_ticks: int | None, source: VideoFrame | VideoPacket | None) -> Picture:
        duration = duration_ticks * self._time_base if duration_ticks else self.frame_duration
        return Picture(ticks * self._time_base, duration, source)
