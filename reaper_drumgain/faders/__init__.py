"""From relative gains to fader values.

In: the drum tracks (``tracks.selection``), their analysis, a method's gains in dB and the
settings. Out: ``TrackActivity`` (which tracks play their own drum), ``PathLevels`` (the
loudness of the drums along their path for any faders) and ``Solution`` (fader values in dB,
with amount, links, locks, level and the upper end of the faders applied).

Import from the modules: ``activity``, ``levels``, ``links``, ``solver``.
"""
