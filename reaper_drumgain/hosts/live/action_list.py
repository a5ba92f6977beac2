"""The actions as REAPER's action list shows them: the one list of their names and files.

An action's file is named after its title, because that is what the action list shows. The menu,
the installation, the package for ReaPack and the documents take the actions from here.
"""

from __future__ import annotations

PREFIX = "DrumGain_"
#: the one script that is loaded by hand: it registers the others
MENU_FILE = f"{PREFIX}Menu.lua"

#: name -> title, in the order of the menu
TITLES: dict[str, str] = {
    "balance_selected": "Balance selected drum tracks",
    "balance_all": "Balance all drum tracks",
    "rebalance_all": "Rebalance everything",
    "balance_time_selection": "Balance within the time selection",
    "repeat": "Balance again with the last settings",
    "preview": "Preview the moves",
    "balance_effects": "Balance through effects",
    "compare": "Compare before and after",
    "amount_up": "Amount up 10 percent",
    "amount_down": "Amount down 10 percent",
    "overheads_up": "Overheads up 1 dB",
    "overheads_down": "Overheads down 1 dB",
    "trims": "Trims",
    "show_last": "Show last result",
    "write_automation": "Write automation",
    "clear_automation": "Clear automation",
    "learn": "Learn from this project",
    "set_role": "Set role of selected tracks",
    "toggle_lock": "Toggle lock of selected tracks",
    "settings": "Settings",
    "cancel": "Cancel",
    "self_test": "Self-test",
}


def file_of(name: str) -> str:
    """The file name of an action."""
    return f"{PREFIX}{TITLES[name]}.py"
