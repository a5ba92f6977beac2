"""The one error family. Front ends map each kind to an exit status and a sentence."""

from __future__ import annotations


class DrumGainError(Exception):
    """Base of every error that this package raises on purpose.

    A message says what is wrong, where (file:line or track name), what was got and
    expected, and what to do about it.
    """


class InputError(DrumGainError):
    """A setting, option, name or data file given by the user cannot be used."""


class NoStemsError(InputError):
    """A folder of stems holds none for this project."""


class ProjectError(InputError):
    """A file is not a whole REAPER project, or an edit target in it is not clear."""


class MediaError(DrumGainError):
    """An audio file cannot be opened, is not regular, or does not decode."""


class ModelError(DrumGainError):
    """A model file is damaged, of another version, or beyond its bounds."""


class HostError(DrumGainError):
    """REAPER or the worker process did not do what was asked."""


class ConflictError(DrumGainError):
    """What was read has changed since: nothing was written."""


class StorageError(DrumGainError):
    """The file system refused: no permission, no space, no such folder."""


class NothingToBalanceError(DrumGainError):
    """The session holds no drum track that may be moved."""
