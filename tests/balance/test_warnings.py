"""What the user should look at after a balance."""

import dataclasses
import math

import numpy as np
from support import changed, gain, session

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.warnings import one_line_each
from reaper_drumgain.schema.session import Effect, Send, Track
from reaper_drumgain.schema.settings import Level, Settings


def test_warnings_of_the_reader_are_repeated_for_every_track_on_the_path(kit):
    built, _ = kit
    tracks = [Track(index=0, name="Drums", folder=True, warnings=("odd folder",))]
    tracks += [dataclasses.replace(t, index=t.index + 1, parent=0) for t in built.tracks]
    tracks[1] = dataclasses.replace(tracks[1], muted=True, warnings=("odd kick",))
    tracks.append(Track(index=6, name="Bass", warnings=("odd bass",)))
    plan = balance(session(*tracks), Settings(method="unity"))
    assert "track 'Drums': odd folder" in plan.warnings
    assert "track 'Kick': odd kick" in plan.warnings
    assert not any("bass" in w for w in plan.warnings)


def test_a_missing_disk_gives_only_a_few_warnings_per_track(kit):
    built, _ = kit
    kick = built.tracks[0]
    gone = tuple(
        dataclasses.replace(
            kick.clips[0],
            source=dataclasses.replace(
                kick.clips[0].source, path=f"/gone/{n}.wav", written=f"{n}.wav", found=False
            ),
        )
        for n in range(300)
    )
    missing = tuple(f"'{n}.wav' is missing" for n in range(300))
    built = changed(built, 0, clips=(*kick.clips, *gone), warnings=missing)
    plan = balance(built, Settings(method="unity"))
    assert "missing media" in plan.tracks[0].flags
    told = [warning for warning in plan.warnings if "'Kick'" in warning]
    more = "(and 299 more like it, which 'drumgain tracks' lists)"
    assert f"track 'Kick': '0.wav' is missing {more}" in told
    assert any("295 more items" in warning and "missing media" in warning for warning in told)
    assert len(told) <= 4


def test_warnings_of_one_kind_are_one_line():
    same = "its volume envelope keeps changing the level"
    assert one_line_each(
        [
            f"track 'Kick': {same}",
            "the master is in mono",
            f"track 'OH \\'L\\'': {same}",
            "track 'Snare': item at 3.000 s: reversed",
            f'track "Tom: 1": {same}',
            "track 'Tom 2': item at 4.500 s: reversed",
            "track 'Tom 2': item at 9 s: reversed",
            f"track 'Kick': {same}",
            "the master is in mono",
        ]
    ) == (
        f"tracks 'Kick', 'OH \\'L\\'' and \"Tom: 1\", each: {same}",
        "the master is in mono",
        "track 'Snare': item at 3.000 s: reversed (and 2 more like it on 'Tom 2')",
    )
    (many,) = one_line_each(f"track 'Tom {n}': {same}" for n in range(40))
    assert many.startswith("tracks 'Tom 0', 'Tom 1', ")
    assert many.endswith(f"'Tom 5' and 34 more, each: {same}")


def test_effects_on_a_drum_track_give_a_flag_and_a_warning(kit):
    built, _ = kit
    plan = balance(changed(built, 0, effects=(Effect("ReaComp"),)), Settings(method="unity"))
    assert "effects" in plan.tracks[0].flags
    assert "measured without their effects: 'Kick'" in plan.warnings


def test_level_changes_into_effects_on_buses_and_sends_give_a_warning(kit):
    built, _ = kit
    comp = (Effect("VST: ReaComp"),)
    tracks = [
        *built.tracks,
        Track(index=5, name="Snare Verb", effects=comp),
    ]
    tracks = [Track(index=0, name="Drums", folder=True, effects=comp)] + [
        dataclasses.replace(t, index=t.index + 1, parent=0 if t.index < 5 else None) for t in tracks
    ]
    built = session(*tracks, sends=(Send(source=2, target=6),))
    plan = balance(built, Settings(method="equal-loudness", level=Level("lufs", -40.0)))
    assert any("'Snare Top' also feeds 'Snare Verb'" in w for w in plan.warnings)
    assert any(
        "the level of the drums at 'Drums' (with effects) changes" in w for w in plan.warnings
    )


def test_several_tracks_that_feed_one_effect_are_one_line(kit):
    built, _ = kit
    crush = Track(index=5, name="Drum Crush", effects=(Effect("VST: ReaComp"),))
    sends = tuple(Send(source=index, target=5) for index in range(5))
    built = session(*built.tracks, crush, sends=sends)
    plan = balance(built, Settings(method="equal-loudness"))
    moves = [track.new_db - track.old_db for track in plan.moves]
    (told,) = [warning for warning in plan.warnings if "Drum Crush" in warning]
    assert told == (
        f"{len(moves)} drum tracks feed 'Drum Crush' (with effects): their levels there change by "
        f"{min(moves):+.1f} to {max(moves):+.1f} dB"
    )


def test_a_track_over_full_scale_gives_a_warning_with_the_remedy(kit):
    built, sounds = kit
    peak = 20 * math.log10(np.abs(sounds["Kick"]).max())
    built = changed(built, 0, fader=gain(2.0 - peak), pan=0.5)
    plan = balance(built, Settings(method="unity", amount=0.0))
    assert any("over full scale at the master: 'Kick' by 2.0 dB;" in w for w in plan.warnings)
    mended = balance(built, Settings(method="unity", level=Level("peak", -1.0)))
    assert not any("full scale" in w for w in mended.warnings)


def test_full_scale_is_measured_at_the_master_behind_folders_and_pans(kit):
    built, sounds = kit
    peak = 20 * math.log10(np.abs(sounds["Kick"]).max())
    tracks = [dataclasses.replace(t, index=t.index + 1, parent=0) for t in built.tracks]
    tracks[0] = dataclasses.replace(tracks[0], fader=gain(-1.0 - peak))
    still = Settings(method="unity", amount=0.0)

    def told(folder: float) -> list[str]:
        bus = Track(index=0, name="Drums", folder=True, fader=gain(folder))
        plan = balance(session(bus, *tracks), still)
        return [w for w in plan.warnings if "full scale" in w]

    # its fader leaves it 1 dB below full scale, and the folder's adds to that
    assert told(0.0) == []
    assert told(0.9) == []
    (warning,) = told(4.0)
    assert "'Kick' by 3.0 dB" in warning
    # and with a loud fader in a folder that is turned down nothing passes full scale
    tracks[0] = dataclasses.replace(tracks[0], fader=gain(5.0 - peak))
    assert told(-6.0) == []
    (warning,) = told(-3.0)
    assert "'Kick' by 2.0 dB" in warning
