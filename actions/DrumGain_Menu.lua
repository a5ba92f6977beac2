-- @description DrumGain: menu
-- @author DrumGain
-- @version 0.1.0
-- @noindex
-- @about
--   Balances the faders of multitrack drum recordings. This menu is the one script to load: it
--   puts the other actions into the action list, shows and changes the settings of the project,
--   and says what is missing. Needs 'drumgain install', run once in a terminal.
-- @changelog First version.

-- For Lua 5.3 (REAPER 6) and 5.4 (REAPER 7). No extension is needed.

local SELF = select(2, reaper.get_action_context())
local part = { folder = SELF:match("^(.*[/\\])") }

-- Load the other parts of the menu. Says what is missing where one cannot be loaded.
local function load_parts()
  for _, name in ipairs({ "lists", "json", "talk", "installation", "project_state", "entries" }) do
    local chunk, why = loadfile(part.folder .. "menu/" .. name .. ".lua")
    if not chunk then
      reaper.ShowMessageBox("DrumGain's menu is not complete: run 'drumgain install' in a "
        .. "terminal, then start the menu again.\n\n" .. tostring(why), "DrumGain", 0)
      return false
    end
    part[name] = chunk(part)
  end
  return true
end

local function clean(text)
  -- | ends an entry, & underlines a letter, and some signs mean something in front
  return (text:gsub("|", "/"):gsub("&", "&&"):gsub("^[#!<>]", " %0"))
end

-- gfx.showmenu counts entries that can be chosen, without lines and titles of submenus.
local function fields_of(entries, fields, counted, is_submenu)
  for place, entry in ipairs(entries) do
    local is_last = is_submenu and place == #entries
    if entry == "-" then
      fields[#fields + 1] = ""
    elseif entry.items then
      fields[#fields + 1] = ">" .. clean(entry.text)
      fields_of(entry.items, fields, counted, true)
    else
      local marks = (is_last and "<" or "") .. (entry.grayed and "#" or "")
        .. (entry.checked and "!" or "")
      fields[#fields + 1] = marks .. clean(entry.text)
      counted[#counted + 1] = entry
    end
  end
  return fields, counted
end

local function state_now()
  local state = { project = reaper.EnumProjects(-1) }
  state.setup, state.lack = part.installation.read_setup()
  state.document = part.project_state.settings(state.project)
  state.tracks = part.project_state.selected_tracks(state.project)
  local from, to = reaper.GetSet_LoopTimeRange2(state.project, false, false, 0, 0, false)
  state.has_time_selection = to > from
  return state
end

-- Show the menu until an entry is chosen after which it does not come back; that one, or nil.
local function choose()
  -- before 6.82 a menu needs a window on Windows, and with one it comes back at its place
  local x, y = reaper.GetMousePosition()
  gfx.init("DrumGain", 0, 0, 0, x, y)
  local at_x, at_y = gfx.mouse_x, gfx.mouse_y
  local entry
  repeat
    local fields, counted = fields_of(part.entries(state_now()), {}, {}, false)
    gfx.x, gfx.y = at_x, at_y
    entry = counted[gfx.showmenu(table.concat(fields, "|"))]
    if entry and entry.stays then entry.run() end
  until not (entry and entry.stays)
  return entry
end

local function main()
  if not load_parts() then return end
  part.installation.register_once()
  local good, entry = pcall(choose)
  gfx.quit()
  if not good then error(entry, 0) end
  if entry and entry.run then entry.run() end
end

-- a script that defers gets no undo point of its own
reaper.defer(function() end)
main()
