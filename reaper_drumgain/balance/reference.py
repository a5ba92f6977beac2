"""Faders that reproduce the balance of a finished mix of the same session.

The tracks are read as they are before their faders, the gains that they have in the mix are found
by ``learn.reverse_engineering``, and what the path behind each fader adds is taken off as for every
method. A mix of another recording cannot be taken apart, and is refused.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reaper_drumgain.analysis.measurement import Progress
from reaper_drumgain.audio.safe_open import trust_shares_of
from reaper_drumgain.audio.track_reader import analysis_rate, open_track, playing_span
from reaper_drumgain.errors import InputError, StorageError
from reaper_drumgain.learn.reverse_engineering.alignment import Aligned, align
from reaper_drumgain.learn.reverse_engineering.mix_gains import estimate
from reaper_drumgain.learn.reverse_engineering.recognition import clipping_note, recognize
from reaper_drumgain.learn.reverse_engineering.recording import ArraySound, FileSound, Sound
from reaper_drumgain.learn.reverse_engineering.track_gains import MixGains
from reaper_drumgain.methods.base import Method, MethodGains, MethodInput
from reaper_drumgain.methods.side_pairs import side_pairs
from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import DrumTrack, select, wants_roles_by_sound
from reaper_drumgain.units import power_to_decibel

#: seconds of the session that are read, and of it and the mix that are compared
_LONGEST_READ_S, _LONGEST_COMPARED_S = 1200.0, 150.0
_BLOCK = 1 << 16
#: one channel on both sides against one, in dB
_BOTH_SIDES_DB = power_to_decibel(2.0)
#: unknowns of a fit: channels of tracks times taps
_MOST_UNKNOWNS, _MOST_TAPS, _FEWEST_TAPS = 1536, 128, 16
#: channels of tracks that are compared with a mix at once
_MOST_COLUMNS = 32


class ReferenceMethod(Method):
    """The gains of one session's drum tracks in a mix of it. Made by ``match``.

    Parameters
    ----------
    gains_db
        Shape (tracks,): gains in dB, NaN where the mix does not tell one.
    notes
        How well the mix is explained, in sentences.
    """

    whole_session = True

    def __init__(self, gains_db: NDArray[np.float64], notes: tuple[str, ...]) -> None:
        self._gains_db = gains_db
        self._notes = notes

    @property
    def notes(self) -> tuple[str, ...]:
        """How well the mix is explained, and which tracks it does not tell."""
        return self._notes

    def gains(self, given: MethodInput) -> MethodGains:
        """The gains in dB; NaN where the mix does not tell one.

        Parameters
        ----------
        given
            The tracks that ``match`` was asked for.

        Returns
        -------
        MethodGains
            With the difference between the two sides of each pair.

        Raises
        ------
        ValueError
            There are more or fewer tracks.
        """
        if len(given.roles) != self._gains_db.size:
            raise ValueError(f"{len(given.roles)} tracks, expected {self._gains_db.size}")
        gains = np.where(given.active, self._gains_db, np.nan)
        pair = np.zeros(gains.size)
        for left, right in side_pairs(given.roles):
            if np.isfinite(gains[[left, right]]).all():
                pair[left] = (gains[left] - gains[right]) / 2.0
                pair[right] = -pair[left]
        return MethodGains(gains, pair_db=pair)


def match(
    session: Session, settings: Settings, reference: Path, progress: Progress | None = None
) -> ReferenceMethod:
    """The method that gives the session's drums the balance that they have in a mix.

    Parameters
    ----------
    session, settings, reference
        The project as a host has read it, what the user says of it, and the file of the mix.
    progress
        Called with what is being done and the share of it that is done, 0 to 1.

    Returns
    -------
    ReferenceMethod
        With the gains in the mix of the drum tracks that are measured.

    Raises
    ------
    InputError, MediaError
        The mix is of another recording, too short, silent or not readable.
    """
    if wants_roles_by_sound(session, settings):
        raise InputError("--reference needs roles that are stated with --role, not found by sound")
    drums = select(session, settings).measured
    if not drums:
        return ReferenceMethod(np.zeros(0), ())
    tell = progress or (lambda _doing, _share: None)
    with ExitStack() as stack:
        mix = FileSound(reference)
        stack.callback(mix.close)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="drumgain-"))
        tracks = [drum.track for drum in drums]
        sounds = _rendered(session, tracks + _others(session, tracks), Path(folder), tell)
        stack.callback(sounds.clear)  # Windows removes no file that is mapped
        sounding = [place for place, sound in enumerate(sounds) if _sounds(sound)]
        if not sounding or sounding[0] >= len(drums):
            raise InputError(f"{session.path}: its drum tracks are silent: nothing to balance")
        if not _sounds(mix):
            raise InputError(f"{reference}: the mix is silent, so there is no balance to reproduce")
        clipped = clipping_note(mix)
        aligned = align([sounds[place] for place in sounding], mix, longest_s=_LONGEST_COMPARED_S)
        tell("comparing with the mix", 0.0)
        _refuse_another(aligned, reference)
        columns = len(aligned.recording.owners)
        taps = _MOST_TAPS
        while taps > _FEWEST_TAPS and taps * columns > _MOST_UNKNOWNS:
            taps //= 2
        found = estimate(
            aligned.recording,
            taps=taps,
            max_delay=0.1,
            progress=lambda share: tell("comparing with the mix", share),
        )
        gains = np.full(len(sounds), np.nan)
        gains[sounding] = _on_both_sides(found, aligned)
        heard = [drums[place] for place in sounding if place < len(drums)]
        notes = _notes(found, aligned, heard, clipped)
        return ReferenceMethod(gains[: len(drums)], notes)


def _others(session: Session, drums: Sequence[Track]) -> list[Track]:
    """Tracks of other instruments that may be in the mix.

    What they explain of it is then no noise.
    """
    known = {track.index for track in drums}
    room = max(0, (_MOST_COLUMNS - 2 * len(drums)) // 2)
    others = [
        track
        for track in session.tracks
        if track.index not in known
        and not track.muted
        and any(c.plays and c.source.kind == "file" and c.source.found for c in track.clips)
    ]
    return others[:room]


def _rendered(
    session: Session, tracks: Sequence[Track], folder: Path, tell: Progress
) -> list[Sound]:
    """The audio of the tracks before their faders, in files that are mapped into memory."""
    trust_shares_of(session.path)
    start, end = playing_span(tracks)
    rate = analysis_rate(session, tracks)
    sounds: list[Sound] = []
    try:
        for place, track in enumerate(tracks):
            tell("reading tracks", place / len(tracks))
            with open_track(
                track, rate=rate, start=start, end=min(end, start + _LONGEST_READ_S)
            ) as audio:
                shape = (audio.channels, max(1, audio.frames))
                samples = np.memmap(folder / f"{place}.raw", np.float32, "w+", shape=shape)
                frame = 0
                while True:
                    block = audio.read(_BLOCK)
                    if block is not None:
                        if not block.shape[1]:
                            break
                        samples[:, frame : frame + block.shape[1]] = block
                    frame += _BLOCK
                    if frame >= shape[1]:
                        break
            sounds.append(ArraySound(samples, track.name, rate))
    except OSError as error:
        raise StorageError(
            f"the tracks cannot be written to {folder}: {error.strerror or error}: free some space"
        ) from error
    return sounds


def _sounds(sound: Sound) -> bool:
    return any(
        np.any(sound.read(start, min(_BLOCK, sound.frames - start)))
        for start in range(0, sound.frames, _BLOCK)
    )


def _refuse_another(aligned: Aligned, reference: Path) -> None:
    """Raises InputError where the mix is not one of these tracks."""
    found = recognize(aligned.recording)
    if not found.is_same:
        raise InputError(
            f"{reference}: this is not a mix of this session: gains that fit one part of it "
            f"explain only {max(0.0, found.explained):.1%} of the rest. DrumGain cannot separate "
            "the drums of another recording: give a mix of these very tracks"
        )


def _on_both_sides(found: MixGains, aligned: Aligned) -> NDArray[np.float64]:
    """Gains (tracks,) in dB for tracks that play on both sides, as those of one channel do."""
    recording = aligned.recording
    mono = np.array([track.channels == 1 for track in recording.tracks])
    gains = found.gains_db - _BOTH_SIDES_DB * mono
    return np.asarray(gains + _BOTH_SIDES_DB * (recording.mix.channels == 1))


def _notes(
    found: MixGains, aligned: Aligned, drums: Sequence[DrumTrack], clipped: str | None
) -> tuple[str, ...]:
    explained = 1.0 - 10.0 ** (found.residual_db / 10.0)
    own = found.tracks[: len(drums)]
    known = [track.standard_error_db for track in own if track.identifiable]
    others = len(found.tracks) - len(drums)
    told = [
        "the drum tracks"
        + (f" and {others} other tracks of the project" if others else "")
        + f" explain {explained:.0%} of the reference (residual {found.residual_db:.1f} dB)"
        + (
            f"; the gains found in it have a standard error of at most {max(known):.1f} dB"
            if known
            else ""
        )
    ]
    unknown = [
        f"{drum.track.name!r} ({track.reason})"
        for drum, track in zip(drums, own, strict=True)
        if not track.identifiable
    ]
    if unknown:
        told.append(
            f"the reference does not show the level of {', '.join(unknown)}: these keep their "
            "level relative to the others"
        )
    signs = [track.sign for track in own if track.identifiable]
    if signs and sum(signs) < 0:
        told.append("the reference has the opposite polarity, which changes nothing of its balance")
    return (*told, *aligned.notes, *([clipped] if clipped else []))
