"""Tracks whose names say nothing are told by their sound, where the user asks for it."""

from __future__ import annotations

import dataclasses
from importlib import resources

import pytest
from support import session, silent_clip

from reaper_drumgain.balance import roles_by_sound
from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.errors import InputError, NothingToBalanceError
from reaper_drumgain.hosts import rpp
from reaper_drumgain.methods.by_sound import Likeness
from reaper_drumgain.schema.session import Session, Track
from reaper_drumgain.schema.settings import Settings
from reaper_drumgain.tracks.selection import NAMELESS, select, tracks_to_classify

DEMO = resources.files("reaper_drumgain") / "demo" / "session" / "DrumGain demo.RPP"


def named(**names: str) -> Session:
    """The demo session with some tracks named anew."""
    built = rpp.read_project(DEMO).session
    tracks = [
        dataclasses.replace(track, name=names.get(track.name.replace(" ", "_"), track.name))
        for track in built.tracks
    ]
    return dataclasses.replace(built, tracks=tuple(tracks))


@pytest.fixture(scope="module")
def nameless():
    return named(Kick_In="Audio 07", Bass="Audio 08", Vocal="Track 9")


def test_no_role_is_found_by_sound_unasked(nameless):
    untouched = {u.name: u.why for u in select(nameless, Settings()).untouched}
    assert untouched["Audio 07"] == untouched["Track 9"] == NAMELESS
    assert tracks_to_classify(nameless, Settings()) == ()
    plan = balance(nameless, Settings())
    assert "Audio 07" not in [track.name for track in plan.tracks]


def test_a_kick_without_a_name_is_found_and_bass_and_voice_stay(nameless):
    plan = balance(nameless, Settings(listen=True))
    by_name = {track.name: track for track in plan.tracks}
    assert by_name["Audio 07"].role == "kick"
    assert {"Audio 08", "Track 9"} <= {u.name for u in plan.untouched}
    told = [text for text in plan.warnings if "sounds like" in text]
    assert len(told) == 3
    assert "'Audio 07' sounds like a kick (" in told[0]
    assert "balanced as one" in told[0]
    assert all("left alone" in text for text in told[1:])
    # the plan stands for itself: made again without listening it is the same
    again = balance(nameless, plan.settings)
    assert again.tracks == plan.tracks
    assert ("#2", "kick") in plan.settings.roles


def test_one_track_is_listened_to_by_name_whatever_it_is_called(nameless):
    for name, found in (("Audio 07", "kick"), ("Snare Top", None)):
        heard = roles_by_sound.track_sounds(
            nameless, Settings(roles=((name, "Listen"),)), ProjectAnalyzer()
        )
        assert [track.name for track in heard] == [name]
        role = heard[0].likeness.role
        assert (str(role) if role else None) == found
    with pytest.raises(InputError, match="no track is named"):
        roles_by_sound.track_sounds(
            nameless, Settings(roles=(("Audio 99", "listen"),)), ProjectAnalyzer()
        )


def test_a_stated_role_wins_over_the_sound(nameless):
    settings = Settings(listen=True, roles=(("Audio 07", "snare top"), ("Track 9", "none")))
    assert [drum.track.name for drum in tracks_to_classify(nameless, settings)] == ["Audio 08"]
    plan = balance(nameless, settings)
    assert {t.name: t.role for t in plan.tracks}["Audio 07"] == "snare top"


def test_only_what_has_audio_and_no_other_instrument_around_it_is_listened_to():
    built = session(
        Track(index=0, name="Guitars", folder=True),
        Track(index=1, name="Audio 01", parent=0, clips=(silent_clip(),)),
        Track(index=2, name="Audio 02", clips=(silent_clip(),)),
        Track(index=3, name="Audio 03"),
        Track(index=4, name="Audio 04", clips=(silent_clip(),), muted=True),
        Track(index=5, name="Audio 05", clips=(silent_clip(),), role="none"),
        Track(index=6, name="Kick", clips=(silent_clip(),)),
        Track(index=7, name="Lead Gtr", clips=(silent_clip(),)),
    )
    assert [d.track.index for d in tracks_to_classify(built, Settings(listen=True))] == [2]


def test_silent_and_unsure_tracks_are_named_and_stay():
    silent = roles_by_sound.TrackSound(3, "Audio 04", None)
    unsure = roles_by_sound.TrackSound(4, "Audio 05", Likeness("kick", 0.4))
    settings = roles_by_sound.with_roles(
        Settings(listen=True, roles=(("#4", "listen"), ("Tom", "tom 1"))), [silent, unsure]
    )
    assert settings == Settings(roles=(("Tom", "tom 1"),))
    said = roles_by_sound.sentences([silent, unsure])
    assert said[0] == "track 'Audio 04' is silent: left alone"
    assert "sounds like no kick (kick 40 %): left alone" in said[1]


def test_a_wish_that_is_stored_on_a_track_counts_as_one_that_is_stated(nameless):
    stored = tuple(
        dataclasses.replace(track, role=" Listen ") if track.name == "Audio 07" else track
        for track in nameless.tracks
    )
    asked = dataclasses.replace(nameless, tracks=stored)
    plan = balance(asked, Settings())
    assert plan.tracks == balance(nameless, Settings(roles=(("Audio 07", "listen"),))).tracks
    assert len([text for text in plan.warnings if "sounds like" in text]) == 1
    assert not [text for text in plan.warnings if "ignored" in text]
    # what is stated counts more, and who knows says nothing of listening
    assert tracks_to_classify(asked, Settings(roles=(("Audio 07", "none"),))) == ()
    assert {u.name: u.why for u in select(asked, Settings()).untouched}["Audio 07"] == NAMELESS


def test_audio_is_analyzed_once_for_roles_and_once_for_the_plan(nameless):
    listened = []

    class Watched(ProjectAnalyzer):
        def analyze(self, request):
            listened.append([drum.track.name for drum in request.drums])
            return super().analyze(request)

    balance(nameless, Settings(listen=True), analyzer=Watched())
    assert listened[0] == ["Audio 07", "Audio 08", "Track 9"]
    assert len(listened) == 2
    assert len(listened[1]) == 11


def test_a_session_without_a_drum_name_says_that_one_can_listen():
    names = {t.name.replace(" ", "_"): f"Audio {t.index:02}" for t in named().tracks}
    names.pop("Drums")
    built = named(**names)
    with pytest.raises(
        NothingToBalanceError,
        match=r"--listen \(in REAPER: 'Find kicks by sound' in the settings\) finds kick",
    ):
        balance(built, Settings())
    plan = balance(built, Settings(listen=True))
    assert [track.role for track in plan.tracks] == ["kick"]
