-- What the user is told, and asked.

local talk = {}

function talk.tell(text)
  reaper.ShowMessageBox(text, "DrumGain", 0)
end

-- A number that the user types, between two ends; nil where the dialog was cancelled.
function talk.ask_number(title, caption, now, lowest, highest)
  local done, answer = reaper.GetUserInputs(title, 1, caption, ("%g"):format(now or highest))
  if not done then return nil end
  local number = tonumber((answer:gsub(",", "."):gsub("%%", "")))
  -- not (a <= b) also where it is no number at all
  if not number or not (number >= lowest and number <= highest) then
    talk.tell(("%s: '%s' is not within %g to %g. Nothing was changed."):format(
      caption, answer:sub(1, 40), lowest, highest))
    return nil
  end
  return number
end

return talk
