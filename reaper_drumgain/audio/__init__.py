"""Tracks as audio: each track's signal before its fader, streamed from its media files.

In: ``Track`` and ``Clip`` of a session. Out: ``track_reader.TrackAudio``, float32 blocks of shape
(channels, frames), with flags and warnings for what is not played as REAPER plays it
(``limitations``).

``safe_open`` opens files that a project names, ``decoder`` (libsndfile, with ``header_repair``) or
``container_decoder`` (PyAV, behind ``mp4_guard``) decodes them, ``media_pool`` keeps few open,
``source_reader`` picks channels, loops and resamples, ``clip_reader`` adds gain, fades, envelopes
(``envelope_curves``) and pan. Import from the modules.
"""
