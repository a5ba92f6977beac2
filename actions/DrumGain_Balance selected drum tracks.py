# @description DrumGain: balance selected drum tracks
# @author DrumGain
# @version 0.1.0
# @noindex
# @about
#   Sets the faders of the selected drum tracks in one undo step. The other drum tracks do not move
#   and set the level. Press it again during a run to cancel.
#   Needs 'drumgain install', run once in a terminal.
# @changelog First version.

import os
import sys

from reaper_python import RPR_GetResourcePath, RPR_ShowMessageBox

_lib = os.path.join(RPR_GetResourcePath(), "Scripts", "DrumGain", "lib")
_text = ""
# every Python that REAPER can load has to understand this file, also those that are refused
if not (3, 11) <= sys.version_info[:2] <= (3, 14):
    _text = (
        "REAPER uses Python %s from %s here. DrumGain needs Python 3.11, 3.12, 3.13 or 3.14.\n\n"
        "Run 'drumgain install' in a terminal: it says what to enter in REAPER under Options, "
        "Preferences, Plug-ins, ReaScript. Then restart REAPER."
    ) % (sys.version.split()[0], sys.prefix)
else:
    if _lib not in sys.path:
        sys.path.insert(0, _lib)
    try:
        from reaper_drumgain.hosts.live import entry
    except Exception as error:
        _text = (
            "DrumGain's files in %s are missing or damaged (%s).\n\n"
            "Run 'drumgain install' in a terminal, then restart REAPER."
        ) % (_lib, error)
if _text:
    RPR_ShowMessageBox(_text, "DrumGain", 0)
    RPR_defer("")  # no undo point for nothing
else:
    entry.press("balance_selected")
