# @description DrumGain: trims
# @author DrumGain
# @version 0.1.0
# @noindex
# @about
#   What families of drums get beyond their balance, kept with the project.
#   Needs 'drumgain install', run once in a terminal.
# @changelog First version.

import os
import sys

from reaper_python import RPR_GetResourcePath, RPR_ShowMessageBox

_bundle = os.path.join(RPR_GetResourcePath(), "Scripts", "DrumGain", "lib")
if _bundle not in sys.path:
    sys.path.insert(0, _bundle)
try:
    from reaper_drumgain.hosts.live import entry
except (ImportError, SyntaxError) as error:
    _text = f"DrumGain is not set up here ({error}): run 'drumgain install' in a terminal"
    RPR_ShowMessageBox(_text, "DrumGain", 0)
    RPR_defer("")  # no undo point for nothing
else:
    entry.press("trims")
