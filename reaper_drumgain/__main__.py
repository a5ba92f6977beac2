"""``python -m reaper_drumgain`` is the ``drumgain`` command."""

import os
import sys

# ``-m`` puts the working folder first, which may be anybody's project folder with a numpy.py
sys.path[:] = [entry for entry in sys.path if entry not in ("", os.getcwd())]  # noqa: PTH109

from reaper_drumgain.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
