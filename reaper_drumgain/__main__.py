"""``python -m reaper_drumgain`` is the ``drumgain`` command."""

import os
import sys

# ``-m`` puts the working folder first, which may be anybody's project folder with a numpy.py
if sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109
    # only that one: an editable installation may put the same folder further down
    del sys.path[0]

from reaper_drumgain.cli import command

if __name__ == "__main__":
    command()
