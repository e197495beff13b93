"""What can go wrong, by who can mend it.

    ShottagError
    ├── TimelineError     the cut cannot be read, or holds no timeline
    ├── MediaError        one file is missing or cannot be decoded; costs its own shots
    ├── ModelError        the checkpoint is missing, broken, or speaks an unknown vocabulary
    ├── FormatError       this cut cannot be written in that format
    ├── SettingsError     shottag.yaml is wrong
    ├── CorrectionsError  a file of corrections is wrong
    ├── InstallError      the scripts for Resolve cannot be put, found or taken off where asked
    └── FarmError         the cluster cannot be reached, or none of its nodes can do the work

Every message is one line: what is wrong, the value, what would be right. The command line
prints it and exits 1. Any other exception is a bug and keeps its traceback.
"""


class ShottagError(Exception):
    """Something the user can mend; the message says how."""


class TimelineError(ShottagError):
    """The cut cannot be read, or holds no timeline."""


class MediaError(ShottagError):
    """One media file is missing or cannot be decoded."""


class ModelError(ShottagError):
    """The checkpoint is missing, broken, or speaks an unknown vocabulary."""


class FormatError(ShottagError):
    """This cut cannot be written in that format."""


class SettingsError(ShottagError):
    """The settings file is wrong."""


class CorrectionsError(ShottagError):
    """The file of corrections is wrong."""


class InstallError(ShottagError):
    """The scripts for Resolve cannot be put, found or taken off where asked."""


class FarmError(ShottagError):
    """The cluster cannot be reached, or none of its nodes can do the work."""
