"""What the editor reads: lines on Resolve's console, and a log of the last run."""

import datetime
import os
import sys


class Failure(Exception):
    """Why there is nothing to show, in one sentence that the editor can act on."""


def log_path() -> str:
    """Give the place of the log: the home folder, where an editor finds it."""
    return os.path.join(os.path.expanduser("~"), "otio-shottag-resolve.log")


class Console:
    """Says things on the console and keeps them, with more, in a log that each run begins anew."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.path = log_path()
        try:
            self._log = open(self.path, "w", encoding="utf-8")  # noqa: SIM115 (closed by close)
        except OSError as error:
            self._log = None
            self._print(f"{title}: no log can be written ({error}).")
        self.note(f"{title}, {datetime.datetime.now():%Y-%m-%d %H:%M:%S}, Python {sys.version}")

    def say(self, text: str) -> None:
        """Print a line, and keep it in the log."""
        self._print(text)
        self.note(text)

    def note(self, text: str) -> None:
        """Keep a line in the log only."""
        if self._log is not None:
            self._log.write(text + "\n")
            self._log.flush()

    def fail(self, sentence: str) -> None:
        """Say why it ended, in one sentence, and where the log is."""
        self.say(f"{self.title}: {sentence}")
        if self._log is not None:
            self._print(f"The log: {self.path}")

    def close(self) -> None:
        if self._log is not None:
            self._log.close()

    @staticmethod
    def _print(text: str) -> None:
        # A console that cannot say a clip's Japanese name must not end the run.
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
