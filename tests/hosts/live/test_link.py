"""The worker as the live host starts it, where the system does not play along."""

import json
import shutil
import sys

import pytest

from reaper_drumgain.errors import HostError, StorageError
from reaper_drumgain.hosts.live.link import Worker
from reaper_drumgain.hosts.live.serialization import session_pieces
from reaper_drumgain.hosts.live.setup import Setup
from reaper_drumgain.schema.session import Clip, Envelope, EnvelopePoint, Session, Source, Track
from reaper_drumgain.schema.settings import Settings


@pytest.fixture
def worker(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    worker = Worker(Setup(sys.executable, ()))
    yield worker
    worker.abandon()
    assert list(tmp_path.iterdir()) == []


def big_session():
    points = tuple(EnvelopePoint(float(n), 0.5) for n in range(40))
    envelopes = (Envelope("volume", True, points),)
    clips = tuple(
        Clip(position=float(n), length=1.0, source=Source(), envelopes=envelopes * (n % 2))
        for n in range(60)
    )
    tracks = [
        Track(index=n, name=f"Tom {n}", clips=clips * (n % 3), envelopes=envelopes)
        for n in range(9)
    ]
    return Session(path="a.RPP", tracks=tuple(tracks))


def test_the_pieces_of_a_session_are_its_document_and_none_takes_long():
    session = big_session()
    pieces = list(session_pieces(session))
    assert json.loads("".join(pieces)) == json.loads(session.to_json())
    assert max(map(len, pieces)) < 6000  # half a millisecond


def test_a_request_that_cannot_be_written_is_told_with_what_mends_it(worker):
    worker.start()
    shutil.rmtree(worker.folder)
    with pytest.raises(StorageError, match="free some space"):
        list(worker.send(big_session(), Settings()))


def test_a_request_that_cannot_be_finished_is_not_there(worker, monkeypatch):
    worker.start()

    def pieces(session):
        yield "{"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reaper_drumgain.hosts.live.serialization.session_pieces", pieces)
    with pytest.raises(StorageError, match="No space left"):
        list(worker.send(big_session(), Settings()))
    assert not (worker.folder / "request.json").exists()


def test_a_temporary_folder_that_cannot_be_made_is_told(worker, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(HostError, match="cannot be started"):
        worker.start()


def test_a_result_that_cannot_be_written_ends_with_the_reason(worker):
    worker.start()
    (worker.folder / "result.part").mkdir()
    for _ in worker.send(Session(path="a.RPP"), Settings()):
        pass
    with pytest.raises(HostError, match=r"ended without a plan.*Nothing was changed"):
        for _ in worker.answer(lambda *_: None):
            pass
