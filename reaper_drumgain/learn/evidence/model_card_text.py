"""The text of the model card, with places for figures and tables."""

from __future__ import annotations

TEMPLATE = """\
# Model card: the bundled forests

{reduced}\
`forest.npz`, `forest-multioutput.npz` and `by-sound.npz` hold trees as plain NumPy arrays (no
pickle), the `.json` beside each everything else: inputs, slots, the linear part, settings, digests
of the training data, versions of the libraries, scores. All files here are made by `drumgain
train`.

## What it is for
Relative fader gains of the microphones of one drum kit, as the median of many engineers
would set them before any effects, and an interval around each. They are a starting
point for a mix. They know nothing of the song, of other instruments, of effects, or of your taste.

**Engineers differ.** On the same track the faders of two of them stand about 4 dB apart: one
other engineer misses an engineer's faders by {one_other:.1f} dB, the median of all others by
{median_others:.1f} dB, the forest by {forest_one:.1f} dB ({forest_one_shifted:.1f} dB where the
raw levels were set carelessly). The intervals contain the median engineer on {coverage} of the
tracks and one engineer on {one_covered}, and are +-{half:.1f} dB wide on average
(+-{half_shifted:.1f} dB with careless levels): that is how much engineers differ,
not a measuring error.

## How it works
`forest` is the sum of two parts:
- A **linear part**: a gain for the role, {stereo:+.1f} dB for stereo pictures of overheads, rooms
  and cymbals, less what of the recorded level is **recording gain**, and a fifth of the rest of
  how far a track lies above the usual level of its role, of 4 dB at most, for that is playing and
  taste. The recording gain is heard from the bleed (`analysis/recording_gain.py`): how much louder
  one microphone hears a drum than another depends on gain and placement alone, not on the groove.
  Coinciding strokes are taken apart by a model of all onsets; what is usual is learned from the
  two kits, over the places where things usually stand ({kits}). How hard a drum is
  played against the others is heard there too, and nearly half of it is taken off the level in its
  own microphone. The sides of a pair count as one, and the level of overheads and rooms counts
  less where few drums play. Where there is no bleed the level of strong strokes speaks, then
  loudness. Turning one raw track up never raises its fader against any other: no proof, but a sweep
  over 60 dB in all sessions of the tests.
- A **random forest with multiple outputs** (after Moffat and Sandler 2019, whose split,
  features and settings are not published) adds a correction for each of {slots} role slots ("snare
  top 2", "overhead left 1"). Its inputs are which slots are taken, and for each taken slot
  {columns}.
  An empty slot is a missing value. Recorded levels are not among the inputs.

`linear` is the linear part alone. `forest-multioutput` is the plain form of the paper: the
recorded levels (against the session's mean) are inputs of the trees, nothing else is added.

scikit-learn refuses missing targets: in training an empty slot has the correction 0 (in the
plain form its role's mean gain). These values are never scored. Without any track in these
songs: {never}. Tracks of one role sit in slots in the order of their numbers; one beyond the
last slot takes that slot's correction.

**Intervals** are conformal: inside the training songs each song is left out in turn and the
errors on it, as recorded and with shifted levels, give each role a width, wider by the share
{rise:g} for each dB of the recording gain's standard deviation, scaled so that {wanted:.0%} lie
within. That deviation is itself calibrated: known gains are put on sessions of each kit with the
other kit learned, and the factors by role ({widening}) bring 80 % of them inside.

**Roles by sound.** `by-sound` is a forest of its own ({ear_trees} trees) for tracks whose names say
nothing. It takes {ear_columns} features of one track, of which recording level changes none, and
tells a kick drum from all else. It is used only where the user asks for it (`--listen`, or
`listen` as a role), and a track with less than {sure:.0%} of the vote is left alone: guitars may be
named "Audio 07" as well, and a false drum would move one. Which drums it may
tell was decided by a test across kits: fitted to one kit and tested on the other, with bleed,
other performances, and spectra tilted by up to 15 dB:

```
{by_sound}
```

So kicks are told, snares and overheads are not: two kits have only two snares. Other sounds
(basses, guitars, keys, voices, noises, clicks, shakers and claps made from formulas) are in the
training data too.
Of kinds that were left out of the fit it took for a kick: {unknown}.
A real bass may be taken for a kick more often than these figures say.

## Data
- **Real:** {songs} songs, {mixes} mixes, {tracks} tracks: track lists, loudness of the raw tracks,
  faders (MixologyDB, Michael Clemens, MIT licence; most mixes are from De Man's Mix Evaluation
  Dataset), with one corrected role per track. {mutes} fader values below -30 dB are in effect
  mutes and {without_raw} row names no raw track: left out of fit and scores.{no_target}
- **Simulated:** all audio. Each song's track list was rendered with the MuldjordKit (drum
  samples provided by DrumGizmo.org, Lars Muldjord, CC BY 4.0) and Gogodze Phu Vol II (Karoryfer
  Lecolds, CC0), played by performances of the Groove MIDI Dataset (Google LLC, Gillick et al.
  2019, CC BY 4.0), and scaled to the listed loudness. Microphones that a kit lacks are
  imitated from its others, tambourines and shakers by its hi-hat. Simulated are also the
  careless recording levels: real levels, shifted at random.

**What rests on simulated audio:** every figure of `modified-loudness`, `fenton-lee`,
`cross-adaptive`, `partial-loudness` and `equal-rms`, the gate, the column "toms rest", roles by
sound, and the forests' audio inputs. The audio was not there when the engineers set the faders,
so it cannot show how the sound of a track changes its gain; it keeps the trees from relying on
sound. `unity`, `role-mean`, `role-template`, `equal-loudness` and `linear` rest on real loudness
and real faders alone but for the gate. How good any of this is on other recordings is not known
from here.

## How it was measured
`drumgain evaluate`. Leave one song out: trees, linear part, templates, W and intervals come from
the other songs alone. The target is the median engineer: each engineer's common offset is
removed (offsets and target found in turn, both as medians), then the median over engineers is
taken. The error of a song is the mean over its tracks of |gain - target - offset|, the offset
being the median over tracks: the common level of a kit is a setting, not the method's. Shown is
the mean over songs, in dB. "+-12": every raw track shifted by a random amount up to 12 dB and its
target the other way, {draws} seeded draws for each song, the same for all methods. "toms rest":
a performance in which no tom is struck, so that tom microphones hold bleed. Against one
engineer: the error to each engineer of the song, mean over engineers. Intervals in brackets:
percentile bootstrap over songs ({bootstrap} draws); with {songs} songs it is rather too narrow.
The gate holds tracks that are silent or hold only bleed; it held {held:.1%} of the tracks where
all drums play, and {held_resting:.0%} where the toms rest.

With the gate:

```
{with_gate}
```

Without it:

```
{without_gate}
```

Against one engineer. "Sane moves": raising one raw track (by 0.5, 3 and 12 dB, each in turn) does
not raise its own fader against another track; "slope": change of its fader against the mean of
the others per dB.

```
{engineers}
```

How much worse than the forest, paired by song, with the number of songs that the forest wins:

```
{differences}
```

{verdict}

Intervals, beside those around role means that were calibrated in the same way (as recorded: on
recorded levels alone). "Score" is Winkler's, smaller is better:

```
{intervals}
```

Coverage differs from song to song, as recorded from {lowest:.0%} to {highest:.0%}: errors of one
song go together.

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
The songs above are rendered and scaled to the listed loudness, so that there the performance
passes for the preamp. What a fader must not depend on, songs on a kit that was left out, the
calibration of the recording gain, what is held, polarity, and what becomes of a mix that is there
are on a page of their own: [{recording}]({recording}).

## What limits it
**Careless levels.** A raw level is the sum of how its role is usually recorded, of what is
special to this recording ({usual:.1f} dB standard deviation over the tracks of a song), and of the
shift ({shift:.1f} dB for +-12). Nothing tells the last two apart but their size: the best linear
estimate leaves {left:.1f} dB of the shift unknown. The engineers' faders that are the human
references move with the shifts, so the median of the others stays at {median_others:.2f} dB; a
method has to undo shifts that it cannot see. Three figures for a rule on roles and loudness
(`learn/fitting/level_rule.py`: a share s of each departure is undone) with +-12 dB, all drums
active:

```
{limits}
```

Even with the best s for every single draw, chosen by looking at the answer, and even fitted to the
very songs that it is measured on, it stays above the median of the others. So with +-12 dB "at or
below the median of the others" is not in the levels and roles of {songs} songs. The bleed says
more, but not here: these songs are rendered and scaled to the listed loudness, so that their
bleed fits their levels no better than a stranger's.

**`partial-loudness`** lies far from engineers although the loudness model agrees with the
standard's tables. To the ear the bass of a kick is soft (at 80 phon a tone of 60 Hz needs nearly
20 dB more than one of 1 kHz, and BS.1770 takes 3 dB off), and the many bands that a snare fills
add up. So equal loudness raises kicks and lowers snares against what engineers do. Mean signed
error, as recorded:

```
{biases}
```

Masking is not the reason: without any the result was farther off (tried once). Microphones of one
drum do not mask each other here: of two alike no gains are equally loud, and the iteration has no
end.

## Limits
- {songs} songs of rock, pop and their kin, by few studios: differences of a few tenths of a dB
  between methods are within what another {songs} songs may turn around; "not shown" above means
  that they cannot be told apart here.
- **What the trees add** to the linear part on these songs is small ({gain_recorded:+.2f} dB as
  recorded, {gain_shifted:+.2f} dB with +-12 dB, {gain_verdict}). `linear` is
  offered for that reason. The forest stays the default because it is not worse, and takes
  context (which other microphones there are) once there is more data.
- **Choices made on the outer folds**, so that the figures flatter a little: the ridge of 1 (0.5 to
  2 are alike); stereo as an input of the linear part; means, preferred to Huber's; for the trees
  the least share of rows in a leaf (12 %, 2 % in the plain form), features per split (30 %), share
  of tracks left out (15 %), and the audio columns. The numbers of the recording gain's model were
  chosen on ten performances of each kit, with the kit left out of what is usual, in about 80 runs.
  For roles by sound: the share of the vote that is asked for, how widely what a microphone hears
  is varied, and the columns, of about ten variants.
- `{extra}` and `{per_track}` were compared and are not selectable.
- Roles that the songs do not have, or have once, are guesses from their siblings.
- Tracks that hold only bleed have to be kept from any method that reads levels: without the gate
  it raises them. Tambourines and samples explain no bleed: they are played in another take, or
  triggered by the drum itself.

## Again
`drumgain evaluate --data DATA --json FILE --plots DIR` gives the figures and pictures, `drumgain
train --data DATA --output models` makes the same bytes with the same versions. `--enst DIR` takes
ENST-Drums as published instead (real audio, gains found in its mixes by least squares, split by
drummer): that way was tried on an invented copy of its layout only.
"""
