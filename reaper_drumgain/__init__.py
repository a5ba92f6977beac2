"""Balance the faders of multitrack drum recordings in REAPER projects."""

__version__ = "0.1.0"
