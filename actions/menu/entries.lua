-- The entries of the menu: what they say, and what they do.
--
-- Entries are "-" for a line, or {text=, checked=, grayed=, items= or run=, stays=}. Where stays
-- is set, the menu comes back after a choice.

local part = ...
local LISTS, json = part.lists, part.json
local tell, ask_number = part.talk.tell, part.talk.ask_number
local installation, project_state = part.installation, part.project_state
local SECTION = "DrumGain"

local function sentence_case(text)
  return text:sub(1, 1):upper() .. text:sub(2)
end

local function level_of(document)
  local level = document.members.level
  return json.get(level, "kind") or "keep", json.get(level, "target")
end

local function level_words(kind, target)
  if kind == "peak" then return ("peak at %g dBFS"):format(target or 0) end
  if kind == "lufs" then return ("loudness of %g LUFS"):format(target or 0) end
  return "keep the drums' loudness"
end

local function words_of(choices, value)
  for _, choice in ipairs(choices) do
    if choice[1] == value then return choice[2] end
  end
  return tostring(value)
end

-- Ticks for the values of a setting.
local function ticks(state, key, choices)
  local entries = {}
  local now = json.get(state.document, key)
  for _, choice in ipairs(choices) do
    local value = choice[1]
    entries[#entries + 1] = {
      text = choice[2], checked = value == now, stays = true,
      run = function()
        project_state.store(state.project, state.document, key, json.text(value))
      end,
    }
  end
  return entries
end

local function switch(state, key, text)
  local now = json.get(state.document, key) == true
  return {
    text = text, checked = now, stays = true,
    run = function() project_state.store(state.project, state.document, key, json.word(not now)) end,
  }
end

-- The short word of a value, for the title of its submenu.
local function short(text)
  return (text:match("^[^:]*"))
end

local function choice_menu(state, title, key)
  local choices = LISTS.choices[key]
  local words = words_of(choices, json.get(state.document, key))
  return { text = title .. ": " .. short(words), items = ticks(state, key, choices) }
end

local function action(state, name, text)
  return {
    text = text, grayed = not state.setup,
    run = function() installation.press(name, state.project, state.setup) end,
  }
end

-- The same for an action that works on a scope: grayed, with the reason, where that is empty.
local function scoped_action(state, name, scope, text)
  local entry, lack = action(state, name, text), nil
  if scope == "selected" and #state.tracks == 0 then lack = "no track is selected" end
  if scope == "time selection" and not state.has_time_selection then
    lack = "there is none"
  end
  if lack then entry.text, entry.grayed = text .. " (" .. lack .. ")", true end
  return entry
end

local function method_menu(state)
  local choices = {}
  for _, method in ipairs(installation.methods_of(state.setup)) do
    choices[#choices + 1] = { method[1], method[1] .. ": " .. method[2] }
  end
  for _, model in ipairs(installation.models_of(state.setup)) do
    choices[#choices + 1] = { LISTS.model .. model, LISTS.model .. model .. ": your own" }
  end
  local now = json.get(state.document, "method")
  return { text = "Method: " .. tostring(now), items = ticks(state, "method", choices) }
end

local function amount_menu(state)
  local now = json.get(state.document, "amount")
  local items, is_usual = {}, false
  local function entry(amount, text)
    return {
      text = text, checked = amount == now, stays = true,
      run = function()
        project_state.store(state.project, state.document, "amount", json.number(amount))
      end,
    }
  end
  for _, amount in ipairs({ 25, 50, 75, 100 }) do
    items[#items + 1] = entry(amount, amount .. " %")
    is_usual = is_usual or amount == now
  end
  if type(now) == "number" and not is_usual then
    items[#items + 1] = entry(now, ("%g %%"):format(now))
  end
  items[#items + 1] = "-"
  items[#items + 1] = {
    text = "Other ...", stays = true,
    run = function()
      local amount = ask_number("DrumGain: amount", "Amount in %", now, 0, 100)
      if amount then
        project_state.store(state.project, state.document, "amount", json.number(amount))
      end
    end,
  }
  return { text = ("Amount: %g %%"):format(type(now) == "number" and now or 100), items = items }
end

local function level_menu(state)
  local kind_now, target_now = level_of(state.document)
  local items, is_usual = {}, false
  local function store(kind, target)
    local level = { kind = "object", names = {}, members = {} }
    json.put(level, "kind", json.text(kind))
    json.put(level, "target", json.number(target))
    project_state.store(state.project, state.document, "level", level)
  end
  local function entry(kind, target)
    local is_now = kind == kind_now and target == target_now
    is_usual = is_usual or is_now
    local words = level_words(kind, target)
    return {
      text = sentence_case(words), checked = is_now, stays = true,
      run = function() store(kind, target) end,
    }
  end
  local function other(kind, text, caption, lowest, highest)
    return {
      text = text, stays = true,
      run = function()
        local usual = kind == kind_now and target_now or (kind == "peak" and -6 or -18)
        local target = ask_number("DrumGain: level", caption, usual, lowest, highest)
        if target then store(kind, target) end
      end,
    }
  end
  items[#items + 1] = entry("keep", nil)
  items[#items + 1] = "-"
  for _, target in ipairs({ -1, -3, -6, -12 }) do items[#items + 1] = entry("peak", target) end
  items[#items + 1] = other("peak", "Another peak ...", "Peak in dBFS", -100, 24)
  items[#items + 1] = "-"
  for _, target in ipairs({ -14, -18, -23 }) do items[#items + 1] = entry("lufs", target) end
  if not is_usual then items[#items + 1] = entry(kind_now, target_now) end
  items[#items + 1] = other("lufs", "Another loudness ...", "Loudness in LUFS", -100, 24)
  return { text = "Level: " .. level_words(kind_now, target_now), items = items }
end

-- Trims are made by the action of that name, which is told them by the project's ext state.
local function trim_entry(state, text, request, is_now)
  return {
    text = text, checked = is_now, grayed = not state.setup,
    run = function()
      local asked = type(request) == "function" and request() or request
      if type(asked) ~= "string" then return end
      project_state.request_trims(state.project, asked)
      if not installation.press("trims", state.project, state.setup) then
        project_state.request_trims(state.project, "")
      end
    end,
  }
end

local function signed(level)
  return level == 0 and "0 dB" or ("%+g dB"):format(level)
end

local function family_menu(state, family, now)
  local items, is_usual = {}, false
  local function entry(level)
    is_usual = is_usual or level == now
    return trim_entry(state, signed(level), ("%s=%+g"):format(family, level), level == now)
  end
  for level = 3, -3, -1 do items[#items + 1] = entry(level) end
  if not is_usual then items[#items + 1] = entry(now) end
  items[#items + 1] = "-"
  items[#items + 1] = trim_entry(state, "Other ...", function()
    local most = LISTS.max_trim
    local level = ask_number("DrumGain: trim", family .. " in dB", now, -most, most)
    return level and ("%s=%+g"):format(family, level)
  end)
  return { text = sentence_case(family) .. ": " .. signed(now), items = items }
end

local function trims_menu(state)
  local now = project_state.trims(state.project)
  local items, words, none = {}, {}, {}
  for _, family in ipairs(LISTS.families) do
    items[#items + 1] = family_menu(state, family, now[family] or 0)
    none[#none + 1] = family .. "=0"
    if now[family] then words[#words + 1] = ("%s %+g"):format(family, now[family]) end
  end
  items[#items + 1] = "-"
  local take_back = trim_entry(state, "Remove all trims", table.concat(none, " "))
  take_back.grayed = take_back.grayed or #words == 0
  items[#items + 1] = take_back
  items[#items + 1] = action(state, "trims", "All in one dialog ...")
  return { text = "Trims: " .. (#words > 0 and table.concat(words, ", ") or "none"), items = items }
end

local function automation_menu(state)
  local items = {
    action(state, "write_automation", "Write automation now"),
    action(state, "clear_automation", "Remove what DrumGain wrote"),
  }
  for _, part in ipairs({
    { "sections", "Sections:" },
    { "envelope", "Written into:" },
    { "existing", "If an envelope already changes the level:" },
  }) do
    items[#items + 1] = "-"
    items[#items + 1] = { text = part[2], grayed = true }
    for _, entry in ipairs(ticks(state, part[1], LISTS.choices[part[1]])) do
      items[#items + 1] = entry
    end
  end
  return { text = "Automation", items = items }
end

local function role_menu(state)
  local tracks, now = state.tracks, project_state.common(state.tracks, LISTS.role_key)
  local function entry(value, text)
    return {
      text = text, checked = now == value, stays = true, grayed = #tracks == 0,
      run = function()
        project_state.store_on(state.project, tracks, LISTS.role_key, value,
          "set role of " .. project_state.plural(#tracks))
      end,
    }
  end
  local items = {}
  for _, group in ipairs(LISTS.roles) do
    local roles = {}
    for _, role in ipairs(group[2]) do
      roles[#roles + 1] = entry(role, role == "tom" and "floor tom" or role)
    end
    items[#items + 1] = { text = group[1], items = roles }
  end
  items[#items + 1] = "-"
  items[#items + 1] = entry("", "From the name of the track")
  items[#items + 1] = entry("listen", "By its sound (kick or not)")
  items[#items + 1] = entry("none", "None: not a drum microphone")
  return { text = "Role of " .. project_state.plural(#tracks) .. " selected", items = items }
end

local function lock_entry(state)
  local tracks = state.tracks
  local is_locked = #tracks > 0
  for _, track in ipairs(tracks) do
    local stored = project_state.stored_on(track, LISTS.lock_key)
    is_locked = is_locked and stored ~= "" and stored ~= "0"
  end
  return {
    text = "Lock the faders of " .. project_state.plural(#tracks) .. " selected", checked = is_locked,
    grayed = #tracks == 0, stays = true,
    run = function()
      project_state.store_on(state.project, tracks, LISTS.lock_key, is_locked and "" or "1",
        (is_locked and "unlock " or "lock ") .. project_state.plural(#tracks))
    end,
  }
end

local function setup_menu(state)
  return {
    text = "Set-up and help",
    items = {
      {
        text = "Check the installation",
        run = function() tell(state.setup and installation.examine(state.setup) or state.lack) end,
      },
      action(state, "self_test", "Self-test: check what DrumGain assumes about REAPER"),
      "-",
      {
        text = "Put the actions into the action list again",
        run = function()
          tell(installation.register(true) .. " DrumGain actions are in the action list.")
        end,
      },
      {
        text = "Take the actions out of the action list",
        run = function()
          tell(installation.register(false) .. " DrumGain actions were taken out of the action list. This menu stays in the list; when you run it again, it puts them back.")
        end,
      },
      "-",
      action(state, "settings", "All settings in one dialog"),
    },
  }
end

return function(state)
  local scope = json.get(state.document, "scope")
  local now = "Balance now: " .. words_of(LISTS.choices.scope, scope):lower()
  local writes = json.get(state.document, "write") == "automation"
  if writes or json.get(state.document, "automated") == true then
    now = now .. ", faders and envelopes"
  end
  local is_running = reaper.GetExtState(SECTION, "running") ~= ""
  local entries = {
    { text = "DrumGain " .. LISTS.version .. (state.lack and ": not ready" or ""), grayed = true },
  }
  if state.lack then
    entries[#entries + 1] = { text = "What is missing?", run = function() tell(state.lack) end }
  end
  for _, entry in ipairs({
    "-",
    scoped_action(state, "repeat", scope, now),
    scoped_action(state, "preview", scope, "Preview the moves: nothing is written"),
    {
      text = "Balance",
      items = {
        scoped_action(state, "balance_selected", "selected", "Selected drum tracks"),
        action(state, "balance_all", "All drum tracks"),
        scoped_action(state, "balance_time_selection", "time selection",
          "Within the time selection"),
        action(state, "rebalance_all", "Rebalance everything, also faders set by hand"),
        scoped_action(state, "balance_effects", scope, "Through effects: also correct what they add to the level"),
      },
    },
    {
      text = "After a balance",
      items = {
        action(state, "compare", "Compare before and after"),
        action(state, "show_last", "Show last result with its reasons"),
        "-",
        action(state, "amount_up", "Amount 10 % up"),
        action(state, "amount_down", "Amount 10 % down"),
        "-",
        action(state, "overheads_up", "Overheads 1 dB up"),
        action(state, "overheads_down", "Overheads 1 dB down"),
      },
    },
    automation_menu(state),
    action(state, "learn", "Learn from this project: teach your own model its faders"),
    "-",
    method_menu(state),
    choice_menu(state, "Mode", "mode"),
    amount_menu(state),
    level_menu(state),
    choice_menu(state, "Scope", "scope"),
    choice_menu(state, "Write", "write"),
    choice_menu(state, "Audio", "audio"),
    trims_menu(state),
    switch(state, "listen", "Find kick drums by their sound"),
    switch(state, "remember", "Store analysis results for the next run"),
    "-",
    role_menu(state),
    lock_entry(state),
    "-",
    setup_menu(state),
  }) do
    entries[#entries + 1] = entry
  end
  if is_running then
    entries[#entries + 1] = action(state, "cancel", "Cancel the current run")
  end
  return entries
end
