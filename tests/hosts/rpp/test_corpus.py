"""Real projects of many versions; reaper-parser as an independent reader."""

from __future__ import annotations

from pathlib import Path

import pytest
import reaper_parser

from reaper_drumgain.hosts.rpp import ProjectFile, apply_plan, read_project, relocate, set_faders
from reaper_drumgain.schema.plan import GainPlan, TrackPlan
from reaper_drumgain.schema.session import Session
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.units import Decibel, LinearGain


@pytest.fixture(scope="module")
def projects(shared_data: Path) -> list[ProjectFile]:
    found = sorted((shared_data / "projects").glob("*.RPP"))
    assert len(found) == 58
    return [read_project(path) for path in found]


def test_unedited_projects_are_written_back_to_the_byte(
    projects: list[ProjectFile], tmp_path: Path
) -> None:
    for project in projects:
        assert set_faders(project, {}) == project.path.read_bytes()
        assert relocate(project, project.path.parent) == project.path.read_bytes()


def test_a_fader_edit_changes_the_fader_tokens_alone(projects: list[ProjectFile]) -> None:
    for project in projects:
        faders = {track.index: gain_for(track.index) for track in project.session.tracks}
        old, new = project.data.split(b"\n"), set_faders(project, faders).split(b"\n")
        assert len(old) == len(new)
        changed = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
        assert len(changed) == len(faders)
        for index, (before, after) in enumerate(changed):
            head, token, tail = partition(before)
            new_head, new_token, new_tail = partition(after)
            assert (head.strip(), head, tail) == (b"VOLPAN", new_head, new_tail)
            assert float(new_token) == pytest.approx(faders[index], abs=1e-14)
            assert token != new_token


def gain_for(index: int) -> LinearGain:
    return LinearGain(0.0123456789 + index * 0.001)


def partition(line: bytes) -> tuple[bytes, bytes, bytes]:
    start = line.index(b"VOLPAN ") + 7
    end = line.index(b" ", start)
    return line[:start], line[start:end], line[end:]


def test_sessions_survive_json(projects: list[ProjectFile]) -> None:
    for project in projects:
        assert Session.from_json(project.session.to_json()) == project.session


def test_reaper_parser_reads_the_same(projects: list[ProjectFile], tmp_path: Path) -> None:
    read = 0
    for project in projects:
        faders = {track.index: gain_for(track.index) for track in project.session.tracks}
        path = tmp_path / "edited.RPP"
        path.write_bytes(set_faders(project, faders))
        try:
            peer = reaper_parser.parse(path).project
        except reaper_parser.RPPParseError:
            continue
        read += 1
        tracks = project.session.tracks
        assert len(peer.tracks) == len(tracks)
        for theirs, ours, gain in zip(peer.tracks, tracks, faders.values(), strict=True):
            assert theirs.volume == pytest.approx(gain, abs=1e-14)
            assert theirs.pan == ours.pan
            assert theirs.muted == ours.muted
            assert theirs.guid == ours.guid
            if "\ufffd" not in ours.name and theirs.name.isprintable():
                assert theirs.name == ours.name
            assert len(theirs.items) == len(ours.clips)
            for item, clip in zip(theirs.items, ours.clips, strict=True):
                assert (item.position, item.length) == (clip.position, clip.length)
                playing = next((take for take in item.takes if take.selected), None)
                if playing is not None and clip.source.written and playing.source.file_path:
                    assert playing.source.file_path == clip.source.written
    assert read >= 57


def test_effects_and_receives_agree_with_reaper_parser(projects: list[ProjectFile]) -> None:
    effects = receives = 0
    for project in projects:
        try:
            peer = reaper_parser.parse(project.path).project
        except reaper_parser.RPPParseError:
            continue
        sends = project.session.sends
        for theirs, ours in zip(peer.tracks, project.session.tracks, strict=True):
            if theirs.fx_chain is not None:
                assert len(theirs.fx_chain.fxs) == len(ours.effects)
                effects += len(ours.effects)
            assert len(theirs.receives) == len([s for s in sends if s.target == ours.index])
            receives += len(theirs.receives)
    assert effects > 200
    assert receives > 40


def test_what_the_corpus_holds_is_seen(projects: list[ProjectFile]) -> None:
    tracks = [track for project in projects for track in project.session.tracks]
    clips = [clip for track in tracks for clip in track.clips]
    assert len(tracks) == 1471
    assert len(clips) > 2000
    assert {clip.source.kind for clip in clips} >= {"file", "midi", "other"}
    assert any(clip.stretched for clip in clips)
    assert any(clip.source.section_length for clip in clips)
    assert any(track.vca_leader for track in tracks)
    assert any(track.volume_groups for track in tracks)
    assert any(track.folder for track in tracks)
    assert any(fx.instrument for track in tracks for fx in track.effects)
    assert any(envelope.kind == "volume" for track in tracks for envelope in track.envelopes)
    assert any(project.session.regions for project in projects)


def test_plans_are_applied_to_real_projects(projects: list[ProjectFile], tmp_path: Path) -> None:
    for project in projects[::6]:
        moves = tuple(
            TrackPlan(
                index=track.index,
                name=track.name,
                role="kick",
                old_db=None,
                new_db=Decibel(-7.0),
                guid=track.guid,
            )
            for track in project.session.tracks
        )
        output = tmp_path / "out.RPP"
        plan = GainPlan(
            project=str(project.path), method="unity", settings=Settings(), tracks=moves
        )
        report = apply_plan(project, plan, output, overwrite=True)
        again = read_project(output).session
        assert report.changed == tuple(range(len(again.tracks)))
        assert {track.fader for track in again.tracks} <= {0.44668359215096}
        for before, after in zip(project.session.tracks, again.tracks, strict=True):
            assert [c.source.found for c in before.clips] == [c.source.found for c in after.clips]
