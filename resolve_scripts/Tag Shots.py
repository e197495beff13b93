"""Workspace > Scripts > Tag Shots: the current timeline's shot sizes as markers, in DaVinci Resolve.

Resolve runs this with its own Python (3.6 or newer) and hands it ``resolve``. It only finds
``shottag_resolve``, which does the work, through the file that ``otio-shottag install-resolve``
wrote beside it. The three menu entries differ in ENTRY alone; a test says so.
"""

import json
import os
import sys
import traceback

ENTRY = "Tag Shots"

LOG = os.path.join(os.path.expanduser("~"), "otio-shottag-resolve.log")
AGAIN = "Open a terminal and run: otio-shottag install-resolve"


def start():
    """Find the installation and hand over to it; say in one sentence why that cannot be."""
    # Not every Resolve sets __file__ for a menu script; its code always knows where it came from.
    known = [globals().get("__file__"), sys._getframe().f_code.co_filename]
    folders = [os.path.dirname(os.path.abspath(name)) for name in known if name]
    files = [os.path.join(folder, "otio-shottag.json") for folder in folders]
    found = [name for name in files if os.path.isfile(name)]
    if not found:
        fail("the file otio-shottag.json is missing beside this script, so nobody knows where otio-shottag is.")
        return
    try:
        with open(found[0], encoding="utf-8") as file:
            install = json.load(file)
        sys.dont_write_bytecode = True  # leave nothing behind in the installation
        sys.path.insert(0, install["scripts"])
        from shottag_resolve import menu
    except (OSError, ValueError, KeyError, TypeError, ImportError):
        fail(f"the installation that {found[0]} names is gone or broken.")
        return
    menu.run(ENTRY, globals().get("resolve"), globals().get("bmd"), install, os.path.dirname(found[0]))


def fail(sentence):
    """Print one sentence, and write it to the log with what Python knows."""
    print(f"{ENTRY}: {sentence} {AGAIN}")
    try:
        with open(LOG, "w", encoding="utf-8") as file:
            file.write(f"{ENTRY}: {sentence}\n{sys.version}\n{traceback.format_exc()}\n")
        print("The log: " + LOG)
    except OSError as error:
        print(f"No log could be written: {error}")


start()
