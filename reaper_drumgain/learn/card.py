"""The model card that is written beside a trained forest."""

from __future__ import annotations

from reaper_drumgain.learn.human_faders import HumanFaders
from reaper_drumgain.learn.scores import FOREST, Scores
from reaper_drumgain.methods.forest import SLOTS, family_of
from reaper_drumgain.modelfile import Forest

_CARD = """\
# Model card: the bundled forest

`forest.npz` holds the trees as plain arrays (no pickle), `forest.json` everything else:
inputs, slots, settings, digests of the training data, versions of the libraries, scores.
All three files here are made by `drumgain train`.

## What it is for
Relative fader gains of the microphones of one drum kit, as the median of many engineers
would set them before any effects. It is a place to start a mix from. It knows nothing of the
song, of what else plays, of effects, or of what you want; engineers differ from each other by
5 dB (standard deviation) on the same track.

## How it works
- A **level part** undoes how far each track was recorded above or below what its role is
  usually recorded at. Where a session's levels are careful it undoes little, where they are all
  over the place nearly everything: s = V / (V + W), V the variance of these departures over the
  tracks, W = {width:g}^2 dB^2. Turning one raw track up never raises its fader against any other.
- A **random forest with multiple outputs** (after Moffat and Sandler 2019, whose split,
  features and settings are not published) adds a gain for each of {slots} role slots ("snare
  top 2", "overhead left 1"). Its inputs are which slots are taken, and for each taken slot
  {columns}.
  An empty slot is a missing value. It sees no level.
- scikit-learn refuses missing targets: in training an empty slot has the mean of its role in
  the training songs, or of a sibling role where no song has it. These values are never scored.
  Slots are therefore drawn towards their role.
  Without any track in these songs: {never}.
- Tracks of one role sit in slots in the order of their numbers. One beyond the last slot of its
  role takes that slot's gain with its own level part, and is no input.

## Data
- **Real:** {songs} songs, {mixes} mixes, {tracks} tracks: track lists, loudness of the raw tracks,
  faders (MixologyDB, Michael Clemens, MIT licence; most mixes are from De Man's Mix Evaluation
  Dataset), with one corrected role per track. {mutes} fader values below -30 dB are in effect
  mutes and {without_raw} row names no raw track: left out of fit and scores.{no_target}
- **Simulated:** all audio. Each song's track list was rendered with the MuldjordKit (drum
  samples provided by DrumGizmo.org, Lars Muldjord, CC BY 4.0) and Gogodze Phu Vol II (Karoryfer
  Lecolds, CC0), played by performances of the Groove MIDI Dataset (Google LLC, Gillick et al.
  2019, CC BY 4.0), and scaled to the listed loudness. Microphones that a kit lacks are
  imitated from its others, tambourines and shakers by its hi-hat.

**What rests on simulated audio:** every figure of `equal-rms`, and the forest's audio inputs.
The audio was not there when the engineers set the faders, so it cannot teach how the sound of a
track changes its gain; it teaches the forest to be calm about it. All other figures rest
on real loudness and real faders alone. How good the forest is on real recordings is not known
from here.

## How it was measured
Leave one song out: the forest, the template, every mean and the width W (chosen from {widths}
dB by leaving one more song out) come from the other songs alone. The target is the median
engineer: each engineer's common offset is removed (offsets and target found in turn, both as
medians), then the median over engineers is taken. The error of a song is the mean over its
tracks of |gain - target - offset|, the offset being the median over tracks: the common
level of a kit is a setting, not the method's. Shown is the mean over songs, in dB.
"+-12": every raw track shifted by a random amount up to 12 dB and its target the other way,
{draws} seeded draws for each song, the same for all methods. "slope": change of a track's own
gain against the mean of the others per dB that it is recorded louder.

```
{table}
```

By song, as recorded:

```
{by_song}
```

`role-mean` is the mean gain of the role in the other songs; `role-template` sets every track
to the mean loudness of its role behind the fader; `level part alone` is the forest's level part
with a mean per role in place of the trees.

## Limits
- {songs} songs of rock, pop and their kin, by few studios: differences of a few tenths of a dB
  between methods are within what another {songs} songs may turn around. No test of significance
  has been made, intervals are not calibrated yet.
- **Choices made on the outer folds:** the form s = V / (V + W), preferred to constant slopes and
  to soft thresholds on roles and levels alone; the smoothing of role means (4 tracks), the
  least share of rows in a leaf (12 %), features per split (30 %), share of tracks left out
  (15 %), and the audio columns. About ten variants of the forest were tried; their errors lay
  between 2.50 and 2.67 dB as recorded and between 3.09 and 3.18 dB with +-12 dB shifts.
- Roles that the songs do not have, or have once, are guesses from their siblings.
- Tracks that hold only bleed have to be kept from it: it raises what is quiet.

## Again
`drumgain train --data DATA --output models` makes the same bytes with the same versions.
"""


def model_card(forest: Forest, faders: HumanFaders, scores: Scores, draws: int) -> str:
    """The card as Markdown, with the tables of these scores."""
    no_target = ""
    if faders.without_target:
        names = "; ".join(faders.without_target)
        no_target = f"\n  So is what is left without a fader: {names}."
    settings = forest.about["settings"]
    return _CARD.format(
        width=forest.width_db,
        slots=len(SLOTS),
        columns=", ".join(f"`{name}`" for name in forest.columns) or "nothing else",
        songs=len(faders.songs),
        mixes=faders.mixes,
        tracks=sum(len(song.tracks) for song in faders.songs),
        mutes=faders.mutes,
        without_raw=faders.without_raw,
        no_target=no_target,
        never=", ".join(_never(faders)) or "none",
        widths=", ".join(f"{width:g}" for width in settings["widths_db"]),
        draws=draws,
        table=scores.text(),
        by_song=_by_song(scores),
    )


def _never(faders: HumanFaders) -> list[str]:
    """The families of slots in which no song has a track."""
    found = {family_of(t.role, t.channels) for song in faders.songs for t in song.tracks}
    return [
        slot.removesuffix(" 1")
        for slot in SLOTS
        if slot.endswith(" 1") and slot.removesuffix(" 1") not in found
    ]


def _by_song(scores: Scores) -> str:
    methods = ("unity", "equal-loudness", FOREST)
    wide = max(map(len, scores.songs))
    lines = [" " * wide + "".join(f"{method:>16}" for method in methods)]
    for place, song in enumerate(scores.songs):
        errors = (scores.recorded[method][place] for method in methods)
        lines.append(f"{song:<{wide}}" + "".join(f"{error:16.2f}" for error in errors))
    return "\n".join(lines)
