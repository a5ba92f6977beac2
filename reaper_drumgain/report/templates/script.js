// Before and after, at the same place of the song.
const before = document.getElementById("before");
const after = document.getElementById("after");
const button = document.getElementById("switch");
if (button) {
  for (const [one, other] of [[before, after], [after, before]]) {
    one.addEventListener("play", () => other.pause());
  }
  button.addEventListener("click", () => {
    const [from, to] = after.paused ? [before, after] : [after, before];
    to.currentTime = from.currentTime;
    from.pause();
    to.play();
    button.textContent = to === after ? "Hear it before" : "Hear it after";
  });
}
