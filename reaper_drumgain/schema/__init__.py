"""The data that all other rooms pass on, as frozen dataclasses.

``session`` is a whole project as a host reads it; ``settings`` is what the user asked for;
``plan`` is the result, old and new fader and envelope of each track. ``envelope_note`` is the
note that is stored on a track whose envelope was written, ``fader_note`` the one beside a fader.
``json_codec`` turns all of them into JSON documents and back, checked. Standard library only, so
REAPER's Python can load it.
"""
