"""The text of the model card, with places for figures and tables."""

from __future__ import annotations

TEMPLATE = """\
# Model card: the bundled forests

{reduced}\
`forest.npz`, `forest-multioutput.npz` and `by-sound.npz` hold the trees as plain NumPy arrays (no
pickle). The `.json` file next to each holds everything else: inputs, slots, the linear part,
settings, digests of the training data, versions of the libraries, scores. `drumgain train` makes
all files here.

## What it is for
Relative fader gains of the microphones of one drum kit, as the median of many engineers
would set them before any effects, and an interval around each. They are a starting
point for a mix. The model knows nothing about the song, other instruments, effects, or your taste.

**Engineers differ.** On the same track the faders of two engineers differ by about 4 dB. The mean
error in predicting one engineer's faders is {one_other:.1f} dB for another engineer,
{median_others:.1f} dB for the median of all others, and {forest_one:.1f} dB for the forest
({forest_one_shifted:.1f} dB where the raw levels were set carelessly). The intervals contain the
median engineer on {coverage} of the tracks and one engineer on {one_covered}, and are
+-{half:.1f} dB wide on average (+-{half_shifted:.1f} dB with careless levels): that is how much
engineers differ, not a measurement error.

## How it works
`forest` is the sum of two parts:
- A **linear part**. It starts from a gain for the role, and adds {stereo:+.1f} dB for stereo
  tracks of overheads, rooms and cymbals. It subtracts the **recording gain**: how much louder than
  usual the track was recorded. Of what is left of the track's level above the usual level of its
  role (at most 4 dB) it subtracts a fifth, because the rest is playing and taste. The recording
  gain is estimated from the bleed (`analysis/recording_gain.py`): how much louder one microphone
  receives a drum than another microphone depends on gain and placement alone, not on the groove. A
  model of all onsets separates hits that coincide. What is usual is learned from the two kits, for
  usual microphone positions ({kits}). The bleed also shows how hard a drum is played compared with
  the others; nearly half of that is subtracted from the level in its own microphone. The sides of
  a pair count as one, and the level of overheads and rooms counts less where few drums play. Where
  there is no bleed, the level of strong hits is used, and where there are none, loudness. Turning
  up one raw track never raises its fader relative to the others. This is not proved; it held in a
  sweep over 60 dB in all sessions of the tests.
- A **random forest with multiple outputs** (after Moffat and Sandler 2019, whose split,
  features and settings are not published) adds a correction for each of {slots} role slots ("snare
  top 2", "overhead left 1"). Its inputs are which slots have a track, and for each of these
  {columns}.
  An empty slot is a missing value. Recorded levels are not among the inputs.

`linear` is the linear part alone. `forest-multioutput` is the plain form of the paper: the
recorded levels (relative to the session's mean) are inputs of the trees, and there is no linear
part.

scikit-learn accepts no missing targets: in training an empty slot has the correction 0 (in the
plain form the mean gain of its role). These values are never scored. Roles without any track in
these songs: {never}. Tracks of one role fill its slots in the order of their numbers; a track
beyond the last slot gets the correction of that slot.

**Intervals** are conformal. Each training song is left out in turn, and the errors on it, as
recorded and with shifted levels, give each role a width. The width grows by the share {rise:g} for
each dB of the recording gain's standard deviation, and is scaled so that {wanted:.0%} of the
errors lie within. That standard deviation is calibrated, too: known gains are applied to sessions
of each kit with a model learned from the other kit, and factors by role ({widening}) bring 80 % of
them inside.

**Roles by sound.** `by-sound` is a separate forest ({ear_trees} trees) for tracks with names that
do not say what they are. It takes {ear_columns} features of one track, none of which depends on
the recording level, and recognises kick drums. It is used only where the user asks for it
(`--listen`, or `listen` as a role), and a track with less than {sure:.0%} of the vote is not
changed, because guitars may be named "Audio 07" as well. A test across kits decided which drums it
may recognise: it was fitted to one kit and tested on the other, with bleed, other performances,
and spectra tilted by up to 15 dB:

```
{by_sound}
```

So kicks are recognised, snares and overheads are not: two kits have only two snares. Other sounds
(synthesised basses, guitars, keys, voices, noises, clicks, shakers and claps) are in the training
data, too. Of kinds of sounds that were left out of the fit it mistook for a kick: {unknown}.
It may mistake a real bass for a kick more often than these figures say.

## Data
- **Real:** {songs} songs, {mixes} mixes, {tracks} tracks: track lists, loudness of the raw tracks,
  faders (MixologyDB, Michael Clemens, MIT licence; most mixes are from De Man's Mix Evaluation
  Dataset), with one corrected role per track. {mutes} fader values below -30 dB are in effect
  mutes, and {without_raw} row names no raw track: both are left out of fit and scores.{no_target}
- **Simulated:** all audio. Each song's track list was rendered with the MuldjordKit (drum
  samples provided by DrumGizmo.org, Lars Muldjord, CC BY 4.0) and Gogodze Phu Vol II (Karoryfer
  Lecolds, CC0), played by performances of the Groove MIDI Dataset (Google LLC, Gillick et al.
  2019, CC BY 4.0), and scaled to the listed loudness. Microphones that a kit lacks are
  imitated from its others, tambourines and shakers by its hi-hat. The careless recording levels
  are simulated, too: real levels, shifted at random.

**Figures that depend on simulated audio:** every figure of `modified-loudness`, `fenton-lee`,
`cross-adaptive`, `partial-loudness` and `equal-rms`, the gate (which finds silence and bleed), the
column "toms rest", roles by sound, and the forests' audio inputs. The audio was not there when the
engineers set the faders, so it cannot show how the sound of a track changes its gain; it keeps the
trees from relying on sound. `unity`, `role-mean`, `role-template`, `equal-loudness` and `linear`
depend on real loudness and real faders alone, except for the gate. These figures do not show how
good any of this is on other recordings.

## How it was measured
By `drumgain evaluate`. One song is left out at a time: trees, linear part, templates, scatter of
the roles (W) and intervals come from the other songs alone. The target is the median engineer:
each engineer's common offset is removed (offsets and target found in turn, both as medians), then
the median over engineers is taken. The error of a song is the mean over its tracks of |gain -
target - offset|, the offset being the median over tracks: the common level of a kit is a setting,
not the method's. The tables show the mean over songs, in dB. "+-12": every raw track is shifted by
a random amount up to 12 dB and its target by the same amount the other way, {draws} seeded draws
for each song, the same for all methods. "toms rest": a performance in which no tom is struck, so
that tom microphones hold bleed. Against one engineer: the error to each engineer of the song, mean
over engineers. Intervals in brackets: percentile bootstrap over songs ({bootstrap} draws); with
{songs} songs they are rather too narrow. The gate finds tracks that are silent or hold only bleed,
which are never raised. It found {held:.1%} of the tracks where all drums play, and
{held_resting:.0%} where the toms rest.

With the gate:

```
{with_gate}
```

Without it:

```
{without_gate}
```

Against one engineer. "Sane moves": raising one raw track (by 0.5, 3 and 12 dB, each in turn) does
not raise its own fader relative to another track; "slope": change of its fader relative to the
mean of the others, per dB.

```
{engineers}
```

Error minus that of the forest, paired by song, with the number of songs on which the forest is
better:

```
{differences}
```

{verdict}

Intervals, compared with intervals around role means that were calibrated in the same way (as
recorded: on recorded levels alone). "Score" is Winkler's interval score, smaller is better:

```
{intervals}
```

Coverage differs from song to song (as recorded from {lowest:.0%} to {highest:.0%}), because the
errors within one song are correlated.

By song, as recorded and with +-12 dB:

```
{by_song}
```

By role, as recorded:

```
{by_role}
```

The same gains against other definitions of target and offset, as recorded / +-12, because other
people's figures use them:

```
{others}
```

## By the recording, not by the performance
The songs above are rendered and scaled to the listed loudness, so they cannot show whether a level
comes from the performance or from the recording gain. Another page has the tests of that, songs on
a kit that was left out, the calibration of the recording gain, silent tracks and bleed, polarity,
and what happens to an existing mix: [{recording}]({recording}).

## What limits it
**Careless levels.** A raw level is the sum of how its role is usually recorded, of what is
special to this recording ({usual:.1f} dB standard deviation over the tracks of a song), and of the
shift ({shift:.1f} dB for +-12). The last two differ only in size: the best linear estimate leaves
{left:.1f} dB of the shift unknown. The engineers' faders that are the human references move with
the shifts, so the error of the median of the others stays at {median_others:.2f} dB; a method has
to undo shifts that it cannot see. Three figures for a rule on roles and loudness
(`learn/fitting/level_rule.py`: a share s of each departure is undone) with +-12 dB, all drums
active:

```
{limits}
```

Even with the best s for every single draw, chosen by looking at the answer, and even fitted to the
very songs that it is measured on, it stays above the median of the others. So with +-12 dB
the levels and roles of {songs} songs are not enough to reach the median of the others. Bleed gives
more information, but not here: these songs are rendered and scaled to the listed loudness, so that
their bleed does not belong to their levels.

**`partial-loudness`** is far from engineers, although the loudness model agrees with the tables of
the standard. The ear hears the bass of a kick as soft (at 80 phon a tone of 60 Hz needs nearly
20 dB more than one of 1 kHz, and BS.1770 takes 3 dB off), and the many bands that a snare fills
add up. So equal loudness gives louder kicks and softer snares than engineers choose. Mean signed
error, as recorded:

```
{biases}
```

Masking is not the reason: without it the error was larger (tried once). Microphones of one drum do
not mask each other here: for two that are alike no gains are equally loud, and the iteration would
not end.

## Limits
- {songs} songs of rock, pop and similar styles, from few studios: another {songs} songs may
  reverse differences of a few tenths of a dB between methods. "Not shown" above means that these
  songs show no difference.
- **What the trees add** to the linear part on these songs is small ({gain_recorded:+.2f} dB as
  recorded, {gain_shifted:+.2f} dB with +-12 dB, {gain_verdict}). `linear` is
  offered for that reason. The forest is the default because it is not worse, and because it can
  use context (which other microphones there are) once there is more data.
- **Choices made on the songs that were left out**, so that the figures are a little too good: the
  ridge of 1 (0.5 to 2 give the same); stereo as an input of the linear part; means, preferred to
  Huber's; for the trees the least share of rows in a leaf (12 %, 2 % in the plain form), features
  per split (30 %), share of tracks left out (15 %), and the audio columns. The numbers of the
  recording gain's model were chosen on ten performances of each kit, with the kit left out of what
  is usual, in about 80 runs. For roles by sound: the share of the vote that is asked for, how
  widely what a microphone hears is varied, and the columns, of about ten variants.
- `{extra}` and `{per_track}` were compared and are not selectable.
- Gains for roles that the songs do not have, or have once, are guesses from similar roles.
- Tracks that hold only bleed have to be kept from any method that reads levels: without the gate
  it raises them. Tambourines and samples do not count as a source of bleed: they are played in
  another take, or triggered by the drum itself.

## How to reproduce it
`drumgain evaluate --data DATA --json FILE --plots DIR` gives the figures and pictures, `drumgain
train --data DATA --output models` makes the same bytes with the same versions. `--enst DIR` takes
ENST-Drums as published instead (real audio, gains found in its mixes by least squares, split by
drummer): that was tried only on an invented copy of its layout.
"""
