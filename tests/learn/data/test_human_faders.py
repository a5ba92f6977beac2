"""The table of human faders: what it holds, what is left out, how targets come about."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.errors import InputError
from reaper_drumgain.learn.data.human_faders import load_human_faders, median_engineer
from reaper_drumgain.tracks.roles import Role

MIX_HEAD = "song,genre,mix,raw_file,track,raw_lufs,fader_db\n"
ROLE_HEAD = "song,raw_file,role,side,ordinal,sure,note,names\n"
ROLES = ROLE_HEAD + "A,k.wav,kick,,,yes,,Kick\nA,oh.wav,overhead,stereo,,no,,OH\n"


def folder_with(tmp_path: Path, mixes: str, roles: str = ROLES) -> Path:
    (tmp_path / "engineer_mixes.csv").write_text(mixes)
    (tmp_path / "roles.csv").write_text(roles)
    return tmp_path


def test_the_data_set_is_counted_whole(shared_data: Path):
    faders = load_human_faders(shared_data / "human_faders")
    assert len(faders.songs) == 10
    assert faders.mixes == 69
    assert faders.mutes == 9
    assert faders.without_raw == 1
    assert faders.without_target == ("Good Time: 13_DrumsAmbience3.wav",)
    for song in faders.songs:
        assert song.gains_db.shape == (len(song.mixes), len(song.tracks))
        assert np.nanmin(song.gains_db) >= -30.0
        assert np.isfinite(song.target_db).all()
        assert np.isfinite(song.raw_lufs).all()
        assert song.target_db.mean() == pytest.approx(0.0, abs=1e-9)


def test_rows_become_songs(tmp_path: Path):
    rows = "A,x,one,k.wav,K,-20.5,-3\nA,x,one,oh.wav,OH,-30,-40\nA,x,two,k.wav,K,-20.5,1\n"
    rows += "A,x,two,oh.wav,OH,-30,-5\nA,x,two,oh.wav,OH dup,-30,-7\nA,x,two,,gate,,2\n"
    faders = load_human_faders(folder_with(tmp_path, MIX_HEAD + rows))
    (song,) = faders.songs
    assert (faders.mutes, faders.without_raw) == (1, 1)
    assert song.tracks[1].role == Role("overhead", "stereo")
    assert [t.channels for t in song.tracks] == [1, 2]
    assert [t.sure for t in song.tracks] == [True, False]
    # files of one channel play on both sides
    np.testing.assert_allclose(song.raw_lufs, [-17.49, -30.0], atol=0.01)
    np.testing.assert_array_equal(song.gains_db, [[-3, np.nan], [1, -6]])
    assert song.target_db[0] - song.target_db[1] == pytest.approx(7.0)


def test_a_song_of_which_no_engineer_has_two_tracks_is_left_out_and_named(tmp_path: Path):
    roles = ROLES + "B,k.wav,kick,,,yes,,Kick\nC,k.wav,kick,,,yes,,K\nC,oh.wav,overhead,,,yes,,O\n"
    rows = "A,x,one,k.wav,K,-20,-3\nA,x,one,oh.wav,OH,-30,-4\nB,x,one,k.wav,K,-20,0\n"
    rows += "C,x,one,k.wav,K,-20,0\nC,x,two,oh.wav,OH,-20,0\n"
    faders = load_human_faders(folder_with(tmp_path, MIX_HEAD + rows, roles))
    assert [song.name for song in faders.songs] == ["A"]
    assert faders.too_small == ("B", "C")


def test_an_engineers_common_offset_does_not_count():
    gains = np.array([[0.0, -6.0, 3.0], [10.0, 4.0, 13.0], [-20.0, -26.0, np.nan]])
    np.testing.assert_allclose(median_engineer(gains), np.array([0.0, -6.0, 3.0]) + 1.0)


def test_an_engineer_with_an_own_mind_is_outvoted():
    gains = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -20.0]])
    np.testing.assert_allclose(median_engineer(gains), 0.0, atol=1e-9)


@given(
    st.lists(st.floats(-20, 10), min_size=1, max_size=8),
    st.lists(st.floats(-20, 20), min_size=1, max_size=6),
)
def test_mixes_that_agree_give_their_balance(balance, offsets):
    gains = np.add.outer(np.array(offsets), np.array(balance))
    expected = np.array(balance) - np.mean(balance)
    np.testing.assert_allclose(median_engineer(gains), expected, atol=1e-6)


def test_a_mix_of_mutes_alone_takes_no_part():
    gains = np.array([[0.0, -6.0], [np.nan, np.nan]])
    np.testing.assert_allclose(median_engineer(gains), [3.0, -3.0])


def test_a_track_without_any_gain_is_refused():
    with pytest.raises(ValueError, match="without any gain"):
        median_engineer(np.array([[0.0, np.nan]]))


@pytest.mark.parametrize(
    ("mixes", "roles", "reason"),
    [
        (MIX_HEAD + "A,x,one,k.wav,K,loud,-3\n", ROLES, r"mixes\.csv:2: expected a level"),
        (MIX_HEAD + "A,x,one,k.wav,K,-20,nan\n", ROLES, r"mixes\.csv:2: expected a level"),
        (MIX_HEAD + "A,x,one,k.wav,K\n", ROLES, r"mixes\.csv:2: the row is cut short"),
        (MIX_HEAD + "A,x,one,new.wav,K,-20,0\n", ROLES, "no role for 'new.wav'"),
        ("song,mix\nA,one\n", ROLES, "has no column raw_file, raw_lufs, fader_db"),
        (
            MIX_HEAD,
            ROLE_HEAD + "A,k.wav,gong,,,yes,,\n",
            r"roles\.csv:2: 'gong' is not a drum "
            "role",
        ),
        (MIX_HEAD, ROLE_HEAD + "A,k.wav,tom,,one,yes,,\n", r"roles\.csv:2"),
        (MIX_HEAD, ROLE_HEAD + "A,k.wav,tom,up,,yes,,\n", r"roles\.csv:2"),
    ],
)
def test_rows_that_cannot_be_used_are_refused_with_their_line(tmp_path, mixes, roles, reason):
    with pytest.raises(InputError, match=reason):
        load_human_faders(folder_with(tmp_path, mixes, roles))


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"roles\.csv: cannot be read"):
        load_human_faders(tmp_path)
