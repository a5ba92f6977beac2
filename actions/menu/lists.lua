-- What the menu knows of the package. Written by tools/menu_lists.py: do not edit.

return {
  version = "0.1.0",
  setup_format = 1,
  setup_place = {"Scripts", "DrumGain", "setup.json"},
  kind = "settings",
  schema = 1,
  defaults = [==[{"kind": "settings", "schema": 1, "method": "forest", "amount": 100.0, "level": {"kind": "keep", "target": null}, "scope": "selected", "write": "volume", "audio": "files", "sections": "usual", "envelope": "volume", "existing": "refuse", "automated": false, "listen": false, "remember": true, "mode": "auto"}]==],
  methods = {
    {
      "forest",
      "a random forest with multiple outputs on a linear part, trained on human mixes",
    },
    {
      "forest-multioutput",
      "the plain form of that forest: recorded levels are inputs of its trees",
    },
    {
      "linear",
      "the forest's linear part alone: role, stereo, and how carefully levels were set",
    },
    {"equal-loudness", "every track at the same gated loudness"},
    {
      "modified-loudness",
      "every track at the same loudness, with more weight on treble and shorter blocks",
    },
    {
      "fenton-lee",
      "every track at the same loudness, with a weighting made for single tracks",
    },
    {
      "cross-adaptive",
      "every track at the mean loudness of those that play at the time, averaged over time",
    },
    {
      "partial-loudness",
      "every track as loud as the others while they mask it, listened to at 80 dB SPL",
    },
    {"role-template", "every track at the loudness that engineers gave its role"},
    {
      "role-mean",
      "every track at the gain that engineers gave its role, whatever the recorded level",
    },
    {"equal-rms", "every track at the same RMS level"},
    {
      "unity",
      "every track at the same gain on its way to the master: the balance as it was recorded",
    },
    {"random", "faders by chance, no balance likelier than another: what to beat"},
  },
  choices = {
    mode = {
      {"auto", "Auto: what the faders look like decides"},
      {"outliers", "Outliers: only faders outside the engineers' range"},
      {"all", "All: every fader anew"},
    },
    scope = {
      {"selected", "Selected drum tracks"},
      {"all", "All drum tracks"},
      {"time selection", "Within the time selection"},
    },
    write = {{"volume", "Faders"}, {"automation", "Faders and volume envelopes"}},
    audio = {
      {"files", "Files: as recorded, before effects"},
      {"skip", "Skip: leave tracks that do not sound like their files"},
      {"export", "Export: REAPER renders those tracks before the fader"},
    },
    sections = {
      {"usual", "Regions, else markers (usual)"},
      {"regions", "Regions"},
      {"markers", "From marker to marker"},
      {"time selection", "Time selection"},
      {"running", "None: gains that follow the song (method cross-adaptive)"},
    },
    envelope = {{"volume", "Volume envelope"}, {"trim", "Trim volume envelope"}},
    existing = {
      {"refuse", "Leave that track without automation"},
      {"trim", "Keep it and multiply"},
      {"replace", "Replace it"},
    },
  },
  role_key = "drumgain_role",
  lock_key = "drumgain_lock",
  roles = {
    {"Kick", {"kick in", "kick out", "kick", "sub kick"}},
    {"Snare", {"snare top", "snare bottom", "snare"}},
    {"Toms", {"tom 1", "tom 2", "tom 3", "tom 4", "tom 5", "tom 6", "tom"}},
    {"Hi-hat and cymbals", {"hi-hat", "ride", "cymbal"}},
    {"Overheads", {"overhead left", "overhead right", "overhead stereo", "overhead mono"}},
    {"Rooms", {"room left", "room right", "room stereo", "room mono"}},
    {"Others", {"percussion", "sample"}},
  },
  actions = {
    {
      "balance_selected",
      "Balance selected drum tracks",
      "DrumGain_Balance selected drum tracks.py",
    },
    {"balance_all", "Balance all drum tracks", "DrumGain_Balance all drum tracks.py"},
    {"rebalance_all", "Rebalance everything", "DrumGain_Rebalance everything.py"},
    {
      "balance_time_selection",
      "Balance within the time selection",
      "DrumGain_Balance within the time selection.py",
    },
    {
      "repeat",
      "Balance again with the last settings",
      "DrumGain_Balance again with the last settings.py",
    },
    {"preview", "Preview the moves", "DrumGain_Preview the moves.py"},
    {"balance_effects", "Balance through effects", "DrumGain_Balance through effects.py"},
    {"compare", "Compare before and after", "DrumGain_Compare before and after.py"},
    {"amount_up", "Amount up 10 percent", "DrumGain_Amount up 10 percent.py"},
    {"amount_down", "Amount down 10 percent", "DrumGain_Amount down 10 percent.py"},
    {"overheads_up", "Overheads up 1 dB", "DrumGain_Overheads up 1 dB.py"},
    {"overheads_down", "Overheads down 1 dB", "DrumGain_Overheads down 1 dB.py"},
    {"trims", "Trims", "DrumGain_Trims.py"},
    {"show_last", "Show last result", "DrumGain_Show last result.py"},
    {"write_automation", "Write automation", "DrumGain_Write automation.py"},
    {"clear_automation", "Clear automation", "DrumGain_Clear automation.py"},
    {"set_role", "Set role of selected tracks", "DrumGain_Set role of selected tracks.py"},
    {
      "toggle_lock",
      "Toggle lock of selected tracks",
      "DrumGain_Toggle lock of selected tracks.py",
    },
    {"settings", "Settings", "DrumGain_Settings.py"},
    {"cancel", "Cancel", "DrumGain_Cancel.py"},
    {"self_test", "Self-test", "DrumGain_Self-test.py"},
  },
}
