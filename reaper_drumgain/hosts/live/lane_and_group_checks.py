"""The self-test's checks of fixed lanes and track groups."""

from __future__ import annotations

from reaper_drumgain.hosts.live import reaper
from reaper_drumgain.hosts.live.reaper import RPR
from reaper_drumgain.hosts.live.self_test_tab import Tab, expect, result
from reaper_drumgain.hosts.live.snapshot import take_snapshot
from reaper_drumgain.tracks.reaper_rules import FIXED_LANES


def high_groups(tab: Tab) -> str | None:
    """Groups from 33 on are read, each through its function."""
    if not reaper.has("GetSetTrackGroupMembershipHigh"):
        return "there is no GetSetTrackGroupMembershipHigh"
    track = tab.two
    wanted = [40]
    RPR.GetSetTrackGroupMembershipHigh(track, "VOLUME_LEAD", 1 << 7, 1 << 7)
    if reaper.has("GetSetTrackGroupMembershipEx"):
        RPR.GetSetTrackGroupMembershipEx(track, "VOLUME_LEAD", 64, 1 << 5, 1 << 5)
        wanted.append(70)
    groups = result(take_snapshot(tab.project)).session.tracks[1].volume_groups
    RPR.GetSetTrackGroupMembershipHigh(track, "VOLUME_LEAD", 1 << 7, 0)
    if reaper.has("GetSetTrackGroupMembershipEx"):
        RPR.GetSetTrackGroupMembershipEx(track, "VOLUME_LEAD", 64, 1 << 5, 0)
    found = [group for group in groups if group > 32]
    return expect("the groups beyond 32 of a track", found, wanted)


def groups_do_not_follow_scripts(tab: Tab) -> str | None:
    """A follower's fader stays where a script moves that of its leader."""
    tab.set_fader(tab.two, 0.5)
    for track, name in ((tab.one, "VOLUME_LEAD"), (tab.two, "VOLUME_FOLLOW")):
        RPR.GetSetTrackGroupMembership(track, name, 1, 1)
    got = RPR.GetSetTrackGroupMembership(tab.one, "VOLUME_LEAD", 0, 0)
    tab.set_fader(tab.one, 0.125)
    return expect("membership in VOLUME_LEAD", got, 1) or expect(
        "the follower's fader", tab.fader(tab.two), 0.5
    )


def lanes(tab: Tab) -> str | None:
    """An item in the second lane is in lane 1, and silent where the first lane plays alone."""
    track = tab.two
    RPR.SetMediaTrackInfo_Value(track, "I_FREEMODE", float(FIXED_LANES))
    RPR.UpdateTimeline()
    item = RPR.AddMediaItemToTrack(track)
    RPR.SetMediaItemInfo_Value(item, "D_LENGTH", 1.0)
    RPR.SetMediaItemInfo_Value(item, "I_FIXEDLANE", 1.0)
    for alone, plays in ((1, True), (0, False)):
        RPR.SetMediaTrackInfo_Value(track, f"C_LANEPLAYS:{alone}", 1.0)
        lane = RPR.GetMediaItemInfo_Value(item, "I_FIXEDLANE")
        heard = RPR.GetMediaItemInfo_Value(item, "C_LANEPLAYS") != 0.0
        clips = result(take_snapshot(tab.project)).session.tracks[1].clips
        problem = (
            expect("I_FIXEDLANE of an item in the second lane", lane, 1.0)
            or expect(f"C_LANEPLAYS while lane {alone} plays alone", heard, plays)
            or expect("the snapshot", [(clip.lane, clip.plays) for clip in clips], [(1, plays)])
        )
        if problem is not None:
            return problem
    RPR.SetMediaTrackInfo_Value(track, "I_FREEMODE", 0.0)
    return None


def hidden_lanes(tab: Tab) -> str | None:
    """An item in a lane that did not play stays silent when the track has no lanes any more."""
    track = tab.two
    RPR.SetMediaTrackInfo_Value(track, "I_FREEMODE", float(FIXED_LANES))
    items = [RPR.AddMediaItemToTrack(track) for _ in range(2)]
    for lane, item in enumerate(items):
        RPR.SetMediaItemInfo_Value(item, "D_LENGTH", 1.0)
        RPR.SetMediaItemInfo_Value(item, "I_FIXEDLANE", float(lane))
    RPR.SetMediaTrackInfo_Value(track, "C_LANEPLAYS:0", 1.0)
    RPR.SetMediaTrackInfo_Value(track, "I_FREEMODE", 0.0)
    RPR.UpdateTimeline()
    values = [RPR.GetMediaItemInfo_Value(item, "C_LANEPLAYS") for item in items]
    clips = result(take_snapshot(tab.project)).session.tracks[1].clips[-2:]
    heard = [clip.plays for clip in clips]
    return expect(f"what plays where C_LANEPLAYS is {values}", heard, [True, False])
