"""Data sets: songs with tracks, audio features and the gains that engineers gave them.

In: ``human_faders`` (fader values), sampled drum kits, MIDI performances (Groove), ENST-Drums.
Out: ``Rendering`` (a ``Song`` with its target gains and the measurement of its audio) and
``LabelledSounds`` (tracks by which drums are told from other sounds).
"""
