"""What was heard of a project, kept for the next time: another method reads no audio.

``Memory`` is a listener (``mixing.Listener``) that looks into ``remembered.Store`` first. What
it finds is what listening would find, to the last bit: everything that decides that is in the
key or in the entry. Its arrays are plain, never objects.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reaper_drumgain import features
from reaper_drumgain.loudness import Float32
from reaper_drumgain.mixing import Heard, Progress, listen
from reaper_drumgain.packing import from_bytes, pack, to_bytes, unpack
from reaper_drumgain.probes import Probe
from reaper_drumgain.readahead import decoder_version
from reaper_drumgain.records import record, replace
from reaper_drumgain.remembered import Audio, Store, audio_of, digest
from reaper_drumgain.selection import DrumTrack
from reaper_drumgain.session import Session
from reaper_drumgain.spectrum import BANDS

Probed = tuple[Float32, ...]
#: what makes sense of an entry may not go wrong in any other way
_DAMAGE = (KeyError, ValueError, TypeError, IndexError, OverflowError)


@record
class _Entry:
    """What is kept of a listening. ``made_with``: by what, beside the package."""

    made_with: tuple[str, ...]
    heard: Heard


class Memory:
    """Remembers what was heard. ``finish`` stores what was new, when the user has his answer.

    ``all_probes``: what all methods together want measured. Who asks for a second look at the
    same audio compares methods: then all of it is measured, so that there is no third.
    """

    def __init__(self, store: Store, all_probes: Callable[[], Sequence[Probe]] = tuple) -> None:
        self._store = store
        self._all_probes = all_probes
        self._new: list[tuple[Audio, Heard, bool]] = []
        self._used: list[bytes] = []
        #: how often audio was read
        self.listened = 0

    def __call__(
        self,
        session: Session,
        drums: Sequence[DrumTrack],
        span: tuple[float, float] | None,
        probes: Sequence[Probe],
        *,
        threads: int,
        progress: Progress | None,
    ) -> Heard:
        """What ``listen`` would give, from memory where it is there."""
        audio = audio_of(session, drums, span)
        wanted = {probe.name: probe for probe in probes}
        held = None if self._store.is_empty else self._recall(audio.key, len(drums))
        if held is not None:
            probed = {name: self._recall_probe(audio.key, name, len(drums)) for name in wanted}
            found = {name: own for name, own in probed.items() if own is not None}
            if len(found) == len(wanted):
                return _with_probes(held, found)
            wanted = {probe.name: probe for probe in self._all_probes()} | wanted
        began = time.time()
        self.listened += 1
        heard = listen(
            *(audio.session, audio.drums, span, tuple(wanted.values())),
            threads=threads,
            progress=progress,
        )
        if audio.is_settled(began):
            self._new.append((audio, heard, held is None))
        asked = {probe.name: heard.measurement.probed[probe.name] for probe in probes}
        return _with_probes(heard, asked)

    def finish(self) -> None:
        """Store what was heard anew, and that what was recalled was used."""
        entries: list[tuple[bytes, bytes]] = []
        for audio, heard, is_new in self._new:
            key = audio.key
            if is_new:
                entry = _Entry(_made_with(), _with_probes(heard, {}))
                entries.append((key, to_bytes(pack(entry))))
            for name, found in heard.measurement.probed.items():
                entries.append((_probe_key(key, name), to_bytes(pack(found))))
        if entries or self._used:
            self._store.write(entries, self._used)
        self._new, self._used = [], []
        self._store.close()

    def _recall(self, key: bytes, tracks: int) -> Heard | None:
        data = self._store.read(key)
        if data is None:
            return None
        try:
            entry = unpack(_Entry, from_bytes(data))
            _check(entry.heard, tracks)
        except _DAMAGE:
            return None
        if entry.made_with != _made_with():
            return None
        self._used.append(key)
        return entry.heard

    def _recall_probe(self, key: bytes, name: str, tracks: int) -> Probed | None:
        data = self._store.read(_probe_key(key, name))
        if data is None:
            return None
        try:
            found: Probed = unpack(Probed, from_bytes(data))
            if len(found) != tracks or any(a.dtype != np.float32 or not a.ndim for a in found):
                return None
        except _DAMAGE:
            return None
        self._used.append(_probe_key(key, name))
        return found


def _made_with() -> tuple[str, ...]:
    measured = f"{features.VERSION}.{features.MEASUREMENT_VERSION}"
    return measured, np.__version__, decoder_version()


def _with_probes(heard: Heard, probed: Mapping[str, Probed]) -> Heard:
    return replace(heard, measurement=replace(heard.measurement, probed=probed))


def _probe_key(key: bytes, name: str) -> bytes:
    return digest(key + str((*_made_with(), name)).encode("utf-8", "surrogatepass"))


def _check(heard: Heard, tracks: int) -> None:
    """Raises ValueError where numbers do not fit together: whoever wrote them, it was not us."""
    measurement = heard.measurement
    mix = measurement.mix
    slices = [(part.start, part.stop) for part in mix.channel_slices]
    stops = list(np.cumsum([track.channels for track in measurement.tracks]).tolist())
    channels = stops[-1] if stops else 0
    fits = (
        len(measurement.tracks) == tracks == len(heard.flags)
        and slices == list(zip([0, *stops], stops, strict=False))
        and all(track.channels in (1, 2) for track in measurement.tracks)
        and all(_is_envelope(track.envelope, mix.hops) for track in measurement.tracks)
        and all(_are_peaks(track.peaks, track.channels, mix.hops) for track in measurement.tracks)
        and all(track.spectrum.band_energy.shape == (BANDS,) for track in measurement.tracks)
        and all(
            run.channels.ndim == 1
            and bool(np.all((run.channels >= 0) & (run.channels < channels)))
            and run.packed.ndim == 2
            and run.packed.shape[1] == run.channels.size * (run.channels.size + 1) // 2
            and 0 <= run.start <= run.start + run.packed.shape[0] <= mix.hops
            for run in mix.runs
        )
    )
    if not fits:
        raise ValueError("not what was heard of these tracks")


def _is_envelope(envelope: Float32, hops: int) -> bool:
    return bool(
        envelope.dtype == np.float32
        and envelope.ndim == 1
        and envelope.size % features.FINE == 0
        and envelope.size <= hops * features.FINE
    )


def _are_peaks(peaks: Float32, channels: int, hops: int) -> bool:
    return bool(
        peaks.dtype == np.float32
        and peaks.ndim == 2
        and peaks.shape[0] == channels
        and peaks.shape[1] <= 5 * (hops + 1)
    )
