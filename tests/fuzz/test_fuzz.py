"""Damaged inputs of every kind that is read: an answer that can be used, or one of our errors.

Seeded, so that a failure comes again; bounded, so that it takes seconds.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import sqlite3
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_support import file_source, play, session_of
from damage import NUMBERS, damaged, with_odd_numbers

from reaper_drumgain.audio.container_decoder import formats_version
from reaper_drumgain.batch import lock
from reaper_drumgain.batch.journal import Journal, Run
from reaper_drumgain.batch.outcome import Outcome
from reaper_drumgain.cache.arrays import pack, unpack
from reaper_drumgain.cache.store import FILE_NAME, Store
from reaper_drumgain.errors import ConflictError, DrumGainError, InputError, ModelError
from reaper_drumgain.hosts.rpp import WriteIntent, read_project, set_faders
from reaper_drumgain.methods import forest_file
from reaper_drumgain.schema import envelope_note, fader_note
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.session import Clip, Envelope, EnvelopePoint, Session, Track
from reaper_drumgain.schema.settings import Automation, Level, Settings
from reaper_drumgain.units import Decibel, LinearGain
from reaper_drumgain.util.npz import read_npz, write_npz

RATE = 8000


def demo() -> bytes:
    folder = resources.files("reaper_drumgain") / "demo" / "session"
    return (folder / "DrumGain demo.RPP").read_bytes()


# --- project files


@pytest.mark.parametrize("seed", range(2))
def test_project_files(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "song.RPP"
    whole = demo().decode("utf-8")
    texts = with_odd_numbers(whole, 30, seed)
    read = 0
    for data in (*damaged(demo(), 60, seed), *(text.encode() for text in texts)):
        path.write_bytes(data)
        with contextlib.suppress(DrumGainError):
            project = read_project(path)
            read += 1
            assert Session.from_json(project.session.to_json()) == project.session
            for track in project.session.tracks[:1]:
                edited = set_faders(project, {track.index: LinearGain(0.123)})
                assert len(edited) > len(data) - 40
    assert read > 10, "not all of them were refused"


# --- media


def media(folder: Path, name: str) -> bytes:
    sound = np.random.default_rng(3).uniform(-0.5, 0.5, (6000, 2))
    path = folder / name
    if path.suffix in (".wv", ".m4a"):
        import av

        rate = 44100 if path.suffix == ".m4a" else RATE
        with av.open(str(path), "w") as container:
            codec = "aac" if path.suffix == ".m4a" else "wavpack"
            stream = container.add_stream(codec, rate=rate)
            stream.layout = "stereo"
            kind = stream.format.name if stream.format is not None else "fltp"
            planes = sound.T.astype(np.float32)
            for place in range(0, 5120, 1024):
                part = np.ascontiguousarray(planes[:, place : place + 1024])
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
                frame.sample_rate = rate
                resampled = av.AudioResampler(kind, "stereo", rate).resample(frame)
                for one in resampled:
                    container.mux(stream.encode(one))
            container.mux(stream.encode(None))
    else:
        soundfile.write(path, sound, RATE)
    return path.read_bytes()


FORMATS = ("a.wav", "a.aiff", "a.flac", "a.ogg", "a.mp3", "a.w64", "a.rf64", "a.caf", "a.au")
EXTRA = ("a.wv", "a.m4a") if formats_version() else ()


@pytest.mark.parametrize("name", [*FORMATS, *EXTRA])
def test_media_headers(tmp_path: Path, name: str) -> None:
    whole = media(tmp_path, name)
    path = tmp_path / f"damaged{Path(name).suffix}"
    clip = Clip(position=0.0, length=0.5, source=file_source(path), loop=True)
    for data in damaged(whole, 40, seed=len(name), within=300):
        path.write_bytes(data)
        signal, _ = play(session_of(clip), 0.5, block=2000)
        assert np.isfinite(signal).all()


# --- notes


def points(count: int) -> tuple[EnvelopePoint, ...]:
    return tuple(EnvelopePoint(0.5 * n, 0.5 + 0.01 * n) for n in range(count))


def notes() -> Iterator[str]:
    written = points(3)
    lines = tuple(f"PT {p.time} {p.value} 0" for p in points(8))
    former = Envelope("volume", True, points(8), written=lines)
    yield envelope_note.note_of("volume", written, 0, 0, former)
    yield envelope_note.note_of("volume", written, 1, 1, None)
    rows = "/".join(f"{p.time!r},{p.value!r},0,0.0" for p in points(4))
    yield f"1;volume;3;0;0;{envelope_note.digest_of(written)};on:{rows}"


@pytest.mark.parametrize("note", list(notes()))
def test_envelope_notes(note: str) -> None:
    present = Envelope("volume", True, points(3))
    track = Track(index=0, name="Kick", envelopes=(present,), automation_note=note)
    if "none" not in note:
        assert envelope_note.take_back(track) is not None
    given_back = 0
    odd = [*with_odd_numbers(note, 150, 1)]
    for text in (*odd, *(data.decode("latin-1") for data in damaged(note.encode(), 400, 2))):
        with contextlib.suppress(ConflictError):
            back = envelope_note.take_back(dataclasses.replace(track, automation_note=text))
            if back is not None:
                given_back += 1
                for point in back.points:
                    assert all(map(math.isfinite, (point.time, point.value, point.tension)))
    assert given_back < 400


def test_fader_notes() -> None:
    note = fader_note.FaderNote("all", LinearGain(0.5), LinearGain(1.0)).text
    track = Track(index=0, name="Kick", fader=LinearGain(0.5), fader_note=note)
    assert fader_note.standing_note(track) is not None
    for number in NUMBERS:
        for text in (f"1;all;{number};1", f"1;all;0.5;{number}", f"{number};all;0.5;1"):
            found = fader_note.standing_note(dataclasses.replace(track, fader_note=text))
            assert found is None or (math.isfinite(found.fader) and math.isfinite(found.before))
    for data in damaged(note.encode(), 400, 3):
        text = data.decode("latin-1")
        found = fader_note.standing_note(dataclasses.replace(track, fader_note=text))
        assert found is None or 0.0 <= found.before < 1000.0


# --- settings, sessions and plans


def documents() -> dict[str, tuple[str, Callable[[str], object]]]:
    automation = Automation("times", ((0.0, 1.0, "a"), (1.0, None, "b")))
    settings = Settings(
        level=Level("peak", Decibel(-6.0)), span=(0.5, 2.0), automation=automation, amount=50.0
    )
    tracks = (TrackPlan(index=1, name="a", role="kick", old_db=Decibel(0.0), new_db=Decibel(1.5)),)
    plan = GainPlan(project="a.RPP", method="unity", settings=settings, tracks=tracks)
    clip = Clip(position=0.5, length=2.0, source=file_source(Path("a.wav")))
    return {
        "settings": (settings.to_json(), Settings.from_json),
        "plan": (plan.to_json(), GainPlan.from_json),
        "session": (session_of(clip).to_json(), Session.from_json),
    }


@pytest.mark.parametrize("kind", documents())
def test_documents(kind: str) -> None:
    text, parse = documents()[kind]
    parse(text)
    odd = with_odd_numbers(text, 300, 4)
    for changed in (*odd, *(d.decode("utf-8", "replace") for d in damaged(text.encode(), 300, 5))):
        with contextlib.suppress(InputError):
            found = parse(changed)
            # what is taken can be written again
            assert parse(found.to_json()) == found  # type: ignore[attr-defined]


# --- the journal and the lock of a batch


def test_journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRUMGAIN_STATE", str(tmp_path / "state"))
    run = Run((str(tmp_path),), False, "in place", None, Settings().to_json())
    target = tmp_path / "song.RPP"
    target.write_bytes(b"old")
    with contextlib.closing(Journal.open(run, resume=None)) as journal:
        done = Outcome(str(target), "written", drums=3, moved=2, before_lufs=Decibel(-20.5))
        journal.writing(WriteIntent(target, "0" * 64), done)
        journal.finished_with(dataclasses.replace(done, project="other"))
    (path,) = (tmp_path / "state").rglob("*.jsonl")
    whole = path.read_bytes()
    odd = with_odd_numbers(whole.decode(), 60, 6)
    for data in (*damaged(whole, 100, 7), *(text.encode() for text in odd)):
        path.write_bytes(data)
        with (
            contextlib.suppress(DrumGainError),
            contextlib.closing(Journal.open(run, resume=True)) as journal,
        ):
            pending = journal.interrupted(str(target))
            if pending is not None:
                pending.is_done()
    assert target.read_bytes() == b"old"


def test_lock_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object, **__: object) -> bool:
        raise OSError(lock.errno.ENOLCK, "no locks available")

    monkeypatch.setattr(lock, "lock_descriptor", no_locks)
    owner = " " + json.dumps({"pid": 4_000_000, "host": lock.socket.gethostname()})
    odd = with_odd_numbers(owner, 60, 8)
    for data in (*(text.encode() for text in odd), *damaged(owner.encode(), 60, 9)):
        (tmp_path / lock.NAME).write_bytes(data)
        with contextlib.suppress(DrumGainError), lock.locked([tmp_path]):
            pass


# --- the cache and models


@dataclasses.dataclass(frozen=True)
class Entry:
    made_with: tuple[str, ...]
    part: slice
    count: int
    level: float
    values: tuple[np.ndarray, ...]


def test_cache_entries() -> None:
    values = (np.arange(6, dtype=np.float32), np.zeros((2, 3)))
    whole = write_npz(pack(Entry(("1", "2"), slice(1, 4), 7, -20.5, values)))
    assert unpack(Entry, read_npz(whole, max_total_bytes=1 << 20)).count == 7
    texts = [text.encode() for text in with_odd_numbers('{".part": [1, 4], ".count": 7}', 100, 10)]
    for data in damaged(whole, 500, 11):
        with contextlib.suppress(KeyError, ValueError, TypeError, IndexError, OverflowError):
            unpack(Entry, read_npz(data, max_total_bytes=1 << 20))
    arrays = pack(Entry(("1",), slice(1, 4), 7, -20.5, values))
    for text in texts:
        held = {**arrays, "values.json": np.frombuffer(text, dtype=np.uint8)}
        with contextlib.suppress(KeyError, ValueError, TypeError, IndexError, OverflowError):
            unpack(Entry, held)


def test_cache_databases(tmp_path: Path) -> None:
    first = Store(lambda _: None, tmp_path / FILE_NAME)
    content = {bytes([n]): bytes([n]) * 2000 for n in range(8)}
    first.write(list(content.items()))
    first.close()
    whole = (tmp_path / FILE_NAME).read_bytes()
    for number, data in enumerate(damaged(whole, 120, 12, within=400)):
        path = tmp_path / str(number) / FILE_NAME
        path.parent.mkdir()
        path.write_bytes(data)
        for _ in range(2):
            store = Store(lambda _: None, path)
            assert all(store.read(key) in (None, expected) for key, expected in content.items())
            store.write([(b"new", b"1")])
            store.close()
        with contextlib.closing(sqlite3.connect(path)) as connection:
            stored = connection.execute("SELECT data FROM analyses WHERE key = ?", (b"new",))
            assert stored.fetchall() == [(b"1",)], "made anew, or as good as before"


def test_model_manifests(tmp_path: Path) -> None:
    folder = forest_file.bundled_folder()
    for name in (forest_file.MANIFEST_NAME, forest_file.ARRAYS_NAME):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    forest_file.load(tmp_path)
    text = (tmp_path / forest_file.MANIFEST_NAME).read_text("utf-8")
    odd = with_odd_numbers(text, 40, 13)
    for data in (*(t.encode() for t in odd), *damaged(text.encode(), 60, 14)):
        (tmp_path / forest_file.MANIFEST_NAME).write_bytes(data)
        with contextlib.suppress(ModelError):
            forest_file.load(tmp_path)
