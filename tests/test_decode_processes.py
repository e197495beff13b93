"""Decoding in other processes gives the same pictures, and a file that kills its process costs only itself."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from otio_shottag.decode import decode_frames
from otio_shottag.decode.processes import DecodeProcesses
from otio_shottag.errors import MediaError
from tests.media import read_number

MOMENTS = [Fraction(2 * number + 1, 48) for number in (5, 40, 41, 90)]


def test_the_same_pictures(clips):
    """A moment gives the same bytes from another process as from this one, from several threads at once."""
    names = ["plain24.mp4", "tc24.mov", "tc25.mov", "plain50.mp4"] * 3
    with DecodeProcesses(2) as processes, ThreadPoolExecutor(4) as threads:
        there = list(threads.map(lambda name: processes.decode_frames(clips / name, MOMENTS, 96), names))
    for name, frames in zip(names, there, strict=True):
        here = decode_frames(clips / name, MOMENTS, 96)
        assert (frames.data == here.data).all()
        assert (frames.seconds, frames.failures) == (here.seconds, here.failures)
    assert read_number(there[0].data[1]) == 40


def test_what_cannot_be_decoded_is_an_error_here(tmp_path):
    """A file that is no film raises the same MediaError as without processes."""
    path = tmp_path / "no film.mov"
    path.write_bytes(b"no film" * 1000)
    with pytest.raises(MediaError) as here:
        decode_frames(path, MOMENTS, 96)
    with DecodeProcesses(1) as processes, pytest.raises(MediaError) as there:
        processes.decode_frames(path, MOMENTS, 96)
    assert str(there.value) == str(here.value)


def die():
    """Bring down the process that unpickles a DeadlyPath."""
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyPath(type(Path())):
    """A file that kills the process it is sent to, as one that finds a fault in a decoder may."""

    def __reduce__(self):
        with Path(self).open("a") as log:
            log.write("sent\n")
        return die, ()


def test_a_file_that_kills_its_process_is_tried_twice(clips, tmp_path):
    """It becomes an error that says so, and the next file is decoded as if nothing had been."""
    deadly = DeadlyPath(tmp_path / "deadly.mov")
    with DecodeProcesses(1) as processes:
        with pytest.raises(MediaError, match=r"deadly\.mov: brought the decoder down 2 times"):
            processes.decode_frames(deadly, MOMENTS, 96)
        frames = processes.decode_frames(clips / "plain24.mp4", MOMENTS, 96)
    assert [read_number(picture) for picture in frames.data] == [5, 40, 41, 90]
    assert (tmp_path / "deadly.mov").read_text() == "sent\n" * 2


@pytest.mark.skipif(sys.platform == "win32", reason="there Ctrl-C cannot be held back")
def test_ctrl_c_while_processes_start_is_quiet(clips):
    """Ctrl-C in the moment in which a process starts leaves no traceback of that process."""
    code = """
import os, signal, sys, threading, time
from fractions import Fraction
from pathlib import Path
from otio_shottag.decode.processes import DecodeProcesses

if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: None)
    with DecodeProcesses(1) as processes:
        ask = lambda: processes.decode_frames(Path(sys.argv[1]), [Fraction(1, 48)], 96)
        asking = threading.Thread(target=ask)
        asking.start()
        while asking.is_alive():
            os.killpg(0, signal.SIGINT)
            time.sleep(0.05)
"""
    run = subprocess.run(
        [sys.executable, "-c", code, str(clips / "plain24.mp4")], capture_output=True, start_new_session=True, text=True
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_no_process_outlives_a_killed_run(clips):
    """Where the run is killed, the processes that decode for it end by themselves."""
    code = """
import sys, time
from fractions import Fraction
from pathlib import Path
from otio_shottag.decode.processes import DecodeProcesses

if __name__ == "__main__":
    processes = DecodeProcesses(1)
    processes.decode_frames(Path(sys.argv[1]), [Fraction(1, 48)], 96)
    print(processes._idle[0].process.pid, flush=True)
    time.sleep(60)
"""
    run = subprocess.Popen([sys.executable, "-c", code, str(clips / "plain24.mp4")], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    child = int(run.stdout.readline())
    assert Path(f"/proc/{child}").exists() or sys.platform != "linux"
    run.kill()
    run.communicate()
    for _ in range(200):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail(f"process {child} goes on")


def test_the_command_with_jobs(command_line, tmp_path):
    """--jobs gives the very file that a run without it gives."""
    cut = Path(__file__).parent.parent / "examples" / "cut.otio"
    assert command_line(cut, "-o", tmp_path / "threads.otio", "--no-cache")[0] == 0
    code, _, err = command_line(cut, "-o", tmp_path / "jobs.otio", "--no-cache", "--jobs", 2)
    assert code == 0, err
    assert (tmp_path / "jobs.otio").read_bytes() == (tmp_path / "threads.otio").read_bytes()
