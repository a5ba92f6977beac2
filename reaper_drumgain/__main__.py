"""``python -m reaper_drumgain`` is the ``drumgain`` command."""

import sys

from reaper_drumgain.cli import main

if __name__ == "__main__":
    sys.exit(main())
