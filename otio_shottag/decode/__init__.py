"""Moments of a media file -> pixels. This folder is the only place that imports av (PyAV).

opening      a file, opened so that it can do no harm
stream       its pictures one after the other, sound or damaged; ``damage`` tells which
reading      the picture on screen at a moment
render       a frame as a small upright picture; ``orientation`` and ``tone`` help
decoding     all of that, for the moments of a file or of numbered pictures
playing      every picture of a film, in order
probing      what a header says
"""

from otio_shottag.decode.decoding import decode_frames
from otio_shottag.decode.hardware import Hardware
from otio_shottag.decode.open_files import OpenFiles
from otio_shottag.decode.playing import Played, play
from otio_shottag.decode.probing import MediaInfo, can_decode, probe

__all__ = ["Hardware", "MediaInfo", "OpenFiles", "Played", "can_decode", "decode_frames", "play", "probe"]
