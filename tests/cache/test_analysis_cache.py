"""A cached analysis is what measuring would give, whatever happened to the files meanwhile."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import clip, gain, hits, session, write

from reaper_drumgain import methods
from reaper_drumgain.analysis import features
from reaper_drumgain.balance import project_analyzer
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.cache import analysis_cache, keys
from reaper_drumgain.cache import store as store_module
from reaper_drumgain.cache.store import FILE_NAME, Store
from reaper_drumgain.methods import weighted
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Effect, Envelope, EnvelopePoint, Session, Track
from reaper_drumgain.schema.settings import Level, Settings

SECONDS = 1.5
MEASURING_MORE = ("modified-loudness", "fenton-lee", "partial-loudness")


@pytest.fixture
def kit(tmp_path: Path) -> Session:
    tracks = []
    for index, (name, frequency) in enumerate((("Kick", 60), ("Snare", 220), ("OH", 3000))):
        audio = hits(SECONDS, every=0.3, frequency=frequency, level=0.3, seed=index)
        path = write(tmp_path / "media" / f"{name}.wav", audio)
        tracks.append(Track(index=index, name=name, clips=(clip(path, SECONDS),)))
    return session(*tracks)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of this moment count as old."""
    monkeypatch.setattr(keys, "SETTLED_S", -1e9)


class CachedBalance:
    """Balances with a new analyzer each time, as separate commands would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []

    def __call__(self, built: Session, wish: Settings | None = None) -> tuple[GainPlan, int]:
        analyzer = ProjectAnalyzer(Store(self.notes.append, self.folder / FILE_NAME))
        plan = balance(built, wish or Settings(), analyzer=analyzer)
        analyzer.finish()
        return plan, analyzer.passes


@pytest.fixture
def balanced(tmp_path: Path) -> CachedBalance:
    return CachedBalance(tmp_path / "cache")


def media(built: Session, index: int = 0) -> Path:
    path = built.tracks[index].clips[0].source.path
    assert path is not None
    return Path(path)


def other_audio(seed: int = 9) -> np.ndarray:
    return hits(SECONDS, every=0.4, frequency=500, level=0.05, seed=seed)


# --- what is found


@pytest.mark.usefixtures("settled")
def test_every_method_gets_from_the_cache_what_it_would_measure(
    kit: Session, balanced: CachedBalance
) -> None:
    counts = {}
    for name in (*methods.names(), *methods.names()):
        plan, counts[name] = balanced(kit, Settings(method=name))
        assert plan == balance(kit, Settings(method=name))
    assert not any(counts.values())
    assert balanced.notes == []


@pytest.mark.usefixtures("settled")
def test_methods_that_measure_more_read_the_audio_once_more_together(
    kit: Session, balanced: CachedBalance
) -> None:
    plain = [
        balanced(kit, Settings(method=m))[1] for m in methods.names() if m not in MEASURING_MORE
    ]
    assert sum(plain) == 1
    assert [balanced(kit, Settings(method=m))[1] for m in MEASURING_MORE] == [1, 0, 0]


@pytest.mark.usefixtures("settled")
def test_a_method_that_measures_more_leaves_enough_for_the_others(
    kit: Session, balanced: CachedBalance
) -> None:
    assert balanced(kit, Settings(method="fenton-lee"))[1] == 1
    assert balanced(kit, Settings(method="forest"))[1] == 0


@pytest.mark.usefixtures("settled")
def test_a_method_with_another_curve_measures_anew(
    kit: Session, balanced: CachedBalance, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = Settings(method="fenton-lee")
    before, _ = balanced(kit, wish)
    assert balanced(kit, wish) == (before, 0)
    monkeypatch.setattr(weighted, "FENTON_LEE", weighted.PESTANA)
    changed, passes = balanced(kit, wish)
    assert passes == 1
    assert changed == balance(kit, wish) != before


@pytest.mark.usefixtures("settled")
def test_settings_and_faders_do_not_change_the_key(kit: Session, balanced: CachedBalance) -> None:
    balanced(kit)
    moved = dataclasses.replace(kit.tracks[1], fader=gain(-7.0), pan=0.5, selected=True)
    changed = dataclasses.replace(kit, tracks=(kit.tracks[0], moved, kit.tracks[2]))
    for wish in (
        Settings(amount=40.0),
        Settings(locks=("Kick",)),
        Settings(level=Level("lufs", -20.0)),
    ):
        plan, count = balanced(changed, wish)
        assert count == 0
        assert plan == balance(changed, wish)


@pytest.mark.usefixtures("settled")
def test_another_part_of_the_song_is_measured(kit: Session, balanced: CachedBalance) -> None:
    balanced(kit)
    wish = Settings(span=(0.2, 1.0))
    assert balanced(kit, wish) == (balance(kit, wish), 1)
    assert balanced(kit, wish)[1] == 0


CHANGES: dict[str, Callable[[Track], Track]] = {
    "item gain": lambda t: clip_with(t, item_gain=gain(-3.0)),
    "take gain": lambda t: clip_with(t, take_gain=gain(-30.0)),
    "position": lambda t: clip_with(t, position=0.4),
    "length": lambda t: clip_with(t, length=0.7),
    "offset": lambda t: clip_with(t, offset=0.3),
    "rate": lambda t: clip_with(t, play_rate=1.1),
    "mute": lambda t: dataclasses.replace(
        t, clips=(*t.clips, dataclasses.replace(t.clips[0], plays=False, item_gain=gain(-9.0)))
    ),
    "envelope": lambda t: dataclasses.replace(
        t, envelopes=(Envelope("pre-fx volume", True, (EnvelopePoint(0.0, 0.25),)),)
    ),
    "instrument": lambda t: dataclasses.replace(t, effects=(Effect("ReaSynth", True, True),)),
    "name": lambda t: dataclasses.replace(t, name="Kick drum"),
}


def clip_with(track: Track, **fields: object) -> Track:
    return dataclasses.replace(track, clips=(dataclasses.replace(track.clips[0], **fields),))


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_the_sound_is_never_taken_for_the_old(
    kit: Session, balanced: CachedBalance, change: str
) -> None:
    balanced(kit)
    tracks = (CHANGES[change](kit.tracks[0]), *kit.tracks[1:])
    changed = dataclasses.replace(kit, tracks=tracks)
    assert balanced(changed)[0] == balance(changed, Settings())
    assert balanced(changed)[1] == 0


# --- files that are replaced


def overwrite(path: Path, audio: np.ndarray) -> None:
    """Other samples in the same file: same size, same inode, same time of modification."""
    before = path.stat()
    inode = before.st_ino
    other = path.with_name("new.wav")
    write(other, audio)
    with path.open("r+b") as file:
        file.write(other.read_bytes())
    other.unlink()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (
        before.st_size,
        before.st_mtime_ns,
        inode,
    )


def rename_over(path: Path, audio: np.ndarray) -> None:
    """Another file under the name: same size and time of modification."""
    before = path.stat()
    other = write(path.with_name("new.wav"), audio)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert path.stat().st_size == before.st_size
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def remove(path: Path, audio: np.ndarray) -> None:
    path.unlink()


def link_elsewhere(path: Path, audio: np.ndarray) -> None:
    target = write(path.with_name("elsewhere.wav"), audio)
    path.unlink()
    path.symlink_to(target)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("how", [overwrite, rename_over, remove, link_elsewhere])
def test_a_replaced_file_is_measured_anew(
    kit: Session, balanced: CachedBalance, how: Callable[[Path, np.ndarray], None]
) -> None:
    old, _ = balanced(kit)
    time.sleep(0.02)
    how(media(kit), other_audio())
    new, count = balanced(kit)
    assert count == 1
    assert new == balance(kit, Settings())
    assert new != old


def test_a_file_changed_just_now_is_not_cached(kit: Session, balanced: CachedBalance) -> None:
    balanced(kit)
    assert balanced(kit)[1] == 1


def test_a_change_within_one_tick_of_the_clock_is_not_missed(
    kit: Session, balanced: CachedBalance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system whose times are of whole seconds, and with nothing else that differs."""
    real = keys._identity

    def coarse(path: str) -> tuple[int, ...] | None:
        found = real(path)
        return found and (*found[:-2], *(t // 10**9 * 10**9 for t in found[-2:]))

    monkeypatch.setattr(keys, "_identity", coarse)

    def within_one_second() -> bool:
        while time.time() % 1 > 0.3:
            time.sleep(0.02)
        second = int(time.time())
        overwrite(media(kit), other_audio(1))
        balanced(kit)
        overwrite(media(kit), other_audio(2))
        return int(time.time()) == second

    assert any(within_one_second() for _ in range(5))
    assert balanced(kit)[0] == balance(kit, Settings())
    # and the guard is what does it
    monkeypatch.setattr(keys, "SETTLED_S", -1e9)
    assert any(within_one_second() for _ in range(5))
    assert balanced(kit)[0] != balance(kit, Settings())


@pytest.mark.usefixtures("settled")
def test_the_analysis_of_a_file_that_changes_meanwhile_is_not_cached(
    kit: Session, balanced: CachedBalance, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = project_analyzer.analyze

    def changing(*args: object, **options: object) -> object:
        analysis = real(*args, **options)  # type: ignore[arg-type]
        overwrite(media(kit), other_audio())
        return analysis

    with monkeypatch.context() as patch:
        patch.setattr(project_analyzer, "analyze", changing)
        balanced(kit)
    plan, count = balanced(kit)
    assert count == 1
    assert plan == balance(kit, Settings())


def test_another_version_measures_for_itself(
    kit: Session, balanced: CachedBalance, monkeypatch: pytest.MonkeyPatch, settled: None
) -> None:
    balanced(kit)
    wish = Settings(method="unity")
    monkeypatch.setattr(features, "VERSION", features.VERSION + 1)
    assert balanced(kit, wish)[1] == 1
    monkeypatch.setattr(analysis_cache, "MEASUREMENT_VERSION", -1)
    assert balanced(kit, wish)[1] == 1
    monkeypatch.setattr(keys, "__version__", "99")
    assert balanced(kit, wish)[1] == 1


# --- the database


def entries(folder: Path) -> list[tuple[bytes, int]]:
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        return connection.execute("SELECT key, size FROM analyses ORDER BY used").fetchall()


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, notes: list[str]) -> Iterator[Store]:
    made = Store(notes.append, tmp_path / "store" / FILE_NAME, limit=10_000)
    yield made
    made.close()


def test_the_longest_unused_goes_first(store: Store, tmp_path: Path) -> None:
    for number in range(9):
        store.write([(bytes([number]), bytes(1000))])
    store.write([], used=[bytes([0])])
    store.write([(bytes([9]), bytes(1500))])
    kept = [key[0] for key, _ in entries(tmp_path / "store")]
    assert kept == [4, 5, 6, 7, 8, 0, 9]
    assert store.read(bytes([0])) == bytes(1000)


def test_what_is_too_large_is_not_kept(store: Store, tmp_path: Path) -> None:
    store.write([(b"large", bytes(10_001)), (b"small", b"x")])
    assert entries(tmp_path / "store") == [(b"small", 1)]


def test_it_may_be_deleted_while_it_is_used(store: Store, tmp_path: Path, notes: list[str]) -> None:
    store.write([(b"a", b"1")])
    (tmp_path / "store" / FILE_NAME).unlink()
    store.write([(b"b", b"2")])
    assert store.read(b"b") is None
    store.write([(b"c", b"3")])
    assert store.read(b"c") == b"3"
    assert notes == []


WRITER = """
import sys
from pathlib import Path
from reaper_drumgain.cache.store import Store
store = Store(print, Path(sys.argv[1]), limit=400_000)
for turn in range(40):
    name = f"{sys.argv[2]}-{turn}".encode()
    store.write([(name, name * 2000), (b"shared", b"same" * 500)])
    found = store.read(name)
    assert found in (None, name * 2000), "another's bytes"
    assert store.read(b"shared") in (None, b"same" * 500)
print("done")
"""


def test_processes_write_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name], stdout=subprocess.PIPE, text=True
        )
        for name in "abcd"
    ]
    assert [process.communicate()[0].split() for process in running] == [["done"]] * 4
    kept = entries(tmp_path)
    assert len(kept) > 10
    assert sum(size for _, size in kept) <= 400_000
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@given(st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
def test_a_damaged_database_gives_the_right_bytes_or_none(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = Path(tempfile.mkdtemp(dir=tmp_path)) / FILE_NAME
    notes: list[str] = []
    first = Store(notes.append, path)
    content = {bytes([n]): bytes([n]) * 3000 for n in range(6)}
    first.write(list(content.items()))
    first.close()
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(whole) - 1))
        whole[start : start + 16] = data.draw(st.binary(min_size=1, max_size=16))
    path.write_bytes(whole[: data.draw(st.integers(1, len(whole)))])
    again = Store(notes.append, path)
    for key, expected in content.items():
        assert again.read(key) in (None, expected)
    again.write([(b"new", b"1")])
    assert again.read(b"new") in (None, b"1")
    again.close()
    # whatever was damaged, after one more run there is a cache again
    third = Store(notes.append, path)
    third.write([(b"newer", b"2")])
    third.close()
    fourth = Store(notes.append, path)
    assert fourth.read(b"newer") == b"2"
    fourth.close()
    assert all("damaged" in note for note in notes)


def test_a_file_that_is_no_database_is_set_aside(
    tmp_path: Path, kit: Session, balanced: CachedBalance, settled: None
) -> None:
    balanced.folder.mkdir()
    (balanced.folder / FILE_NAME).write_bytes(b"not a database, but long enough to look at" * 99)
    assert balanced(kit) == (balance(kit, Settings()), 1)
    assert len(balanced.notes) == 1
    assert "damaged" in balanced.notes[0]
    assert (balanced.folder / FILE_NAME).with_suffix(".damaged").is_file()
    assert balanced(kit)[1] == 0, "a new one was made at once"
    assert len(balanced.notes) == 1


@pytest.mark.parametrize(
    "change",
    [
        "PRAGMA user_version = 99",
        "CREATE TABLE other (x)",
        "CREATE TRIGGER t AFTER INSERT ON analyses BEGIN DELETE FROM analyses; END",
        "ALTER TABLE analyses ADD COLUMN x",
    ],
)
def test_a_database_of_another_make_is_set_aside(
    store: Store, tmp_path: Path, notes: list[str], change: str
) -> None:
    store.write([(b"a", b"1")])
    store.close()
    path = tmp_path / "store" / FILE_NAME
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    before = path.read_bytes()
    assert store.read(b"a") is None
    store.write([(b"b", b"2")])
    assert store.read(b"b") == b"2"
    assert path.with_suffix(".damaged").read_bytes() == before
    assert len(notes) == 1
    assert "damaged" in notes[0]


def test_the_cache_of_an_older_version_goes(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir(exist_ok=True)
    older, newer = (folder / f"analyses-{n}.sqlite3" for n in (keys.FORMAT - 1, keys.FORMAT + 1))
    older.touch()
    newer.touch()
    store.write([(b"a", b"1")])
    assert {path.name for path in folder.iterdir()} == {FILE_NAME, newer.name}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE analyses SET size = 'x'",
        "UPDATE analyses SET size = NULL, used = 'x'",
        "UPDATE analyses SET data = 'text'",
        "UPDATE analyses SET data = 1e999, digest = 7",
        "UPDATE analyses SET digest = NULL, size = -1e999",
        "UPDATE analyses SET used = 9e99, size = 9e99",
        "DELETE FROM analyses; INSERT INTO analyses (key) VALUES (NULL)",
    ],
)
def test_rows_of_strangers_do_no_harm(tmp_path: Path, notes: list[str], change: str) -> None:
    path = tmp_path / FILE_NAME
    first = Store(notes.append, path)
    first.write([(b"a", b"1"), (b"b", b"2")])
    first.close()
    with sqlite3.connect(path) as connection:
        connection.executescript(change)
    connection.close()
    # so small that rows have to go
    again = Store(notes.append, path, limit=2)
    assert again.read(b"a") in (None, b"1")
    again.write([(b"c", b"3")], used=[b"a"])
    again.write([(b"d", b"4")])
    assert again.read(b"d") == b"4"
    again.close()


def test_a_row_answers_for_its_own_key_alone(tmp_path: Path, notes: list[str]) -> None:
    path = tmp_path / FILE_NAME
    first = Store(notes.append, path)
    first.write([(b"a", b"1"), (b"b", b"2")])
    first.close()
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT digest, data FROM analyses WHERE key = ?", (b"b",))
        connection.execute("UPDATE analyses SET digest = ?, data = ? WHERE key = ?",
                           (*rows.fetchone(), b"a"))  # fmt: skip
    connection.close()
    again = Store(notes.append, path)
    assert (again.read(b"a"), again.read(b"b")) == (None, b"2")
    again.close()


def test_an_entry_that_fits_no_session_is_not_believed(
    kit: Session, balanced: CachedBalance, settled: None
) -> None:
    balanced(kit)
    two = dataclasses.replace(kit, tracks=kit.tracks[:2])
    balanced(two)
    path = balanced.folder / FILE_NAME
    with sqlite3.connect(path) as connection:
        # the analysis of two tracks, in the place of that of three
        rows = connection.execute(
            "SELECT key, digest, data, size FROM analyses ORDER BY size"
        ).fetchall()
        (_, digest, data, size), (key, *_) = rows
        connection.execute(
            "UPDATE analyses SET digest = ?, data = ?, size = ? WHERE key = ?",
            (digest, data, size, key),
        )
    connection.close()
    assert balanced(kit) == (balance(kit, Settings()), 1)


def test_a_pipe_in_its_place_is_not_waited_for(
    tmp_path: Path, kit: Session, balanced: CachedBalance
) -> None:
    balanced.folder.mkdir()
    os.mkfifo(balanced.folder / FILE_NAME)
    assert balanced(kit)[1] == 1
    assert "it is no regular file" in balanced.notes[0]


def test_a_folder_that_cannot_be_made_is_told_and_done_without(
    tmp_path: Path, kit: Session, settled: None
) -> None:
    (tmp_path / "file").write_text("")
    balanced = CachedBalance(tmp_path / "file" / "cache")
    assert balanced(kit) == (balance(kit, Settings()), 1)
    assert len(balanced.notes) == 1
    assert "analysis results are not cached in" in balanced.notes[0]


def test_a_python_without_sqlite_does_without(
    kit: Session, balanced: CachedBalance, monkeypatch: pytest.MonkeyPatch, settled: None
) -> None:
    balanced(kit)
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    store_module.warm_up()
    assert balanced(kit) == (balance(kit, Settings()), 1)
    assert len(balanced.notes) == 1
    assert "analysis results are not cached in" in balanced.notes[0]


def test_a_database_that_cannot_be_written_is_told_and_read(
    kit: Session, balanced: CachedBalance, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    balanced(kit)
    real = sqlite3.connect

    def read_only(path: Path, **options: object) -> sqlite3.Connection:
        return real(f"file:{path}?mode=ro", uri=True, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(sqlite3, "connect", read_only)
    assert balanced(kit)[1] == 0
    assert balanced.notes == []
    assert balanced(kit, Settings(span=(0.0, 1.0)))[1] == 1
    assert "readonly" in balanced.notes[0]


FULL = """
import resource, sys
from pathlib import Path
from reaper_drumgain.cache.store import Store
store = Store(print, Path(sys.argv[1]))
store.write([(b"a", bytes(1000))])
store.close()
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
store.write([(b"b", bytes(100_000))])
again = Store(print, Path(sys.argv[1]))
print(again.read(b"a") == bytes(1000), again.read(b"b"))
"""


def test_a_full_disk_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), str(tmp_path / FILE_NAME)],
        capture_output=True,
        text=True,
        check=True,
    )
    note, last = done.stdout.splitlines()
    assert note.startswith("analysis results are not cached in")
    assert last == "True None"


def test_a_database_that_another_process_writes_is_not_waited_for_long(
    store: Store, tmp_path: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_BUSY_S", 0.05)
    store.write([(b"a", b"1")])
    store.close()
    other = sqlite3.connect(tmp_path / "store" / FILE_NAME, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert store.read(b"a") is None
    store.write([(b"b", b"2")])
    other.execute("COMMIT")
    other.close()
    assert store.read(b"a") == b"1"
    assert notes == []


def test_sqlite_is_not_imported_before_something_is_cached(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from reaper_drumgain.cache.store import Store;"
        "Store(print, Path(sys.argv[1])).read(b'x'); print('sqlite3' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / FILE_NAME)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
