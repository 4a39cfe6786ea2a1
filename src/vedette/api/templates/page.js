// Keeps the list of events fresh, and plays a card's preview while the pointer or focus is on it.
const list = document.getElementById("events");
let shown = "";

async function refresh() {
  if (document.hidden || location.search.includes("cursor")) return;
  try {
    const answer = await fetch("/fragments/events", { cache: "no-store" });
    if (!answer.ok) return;
    const text = await answer.text();
    if (text !== shown && !list.contains(document.activeElement)) list.innerHTML = text;
    shown = text;
  } catch {
    // the server is away for a moment: the next round tries again
  }
}

function preview(event, play) {
  const card = event.target.closest?.(".card");
  const picture = card?.querySelector("img[data-preview]");
  if (!picture) return;
  picture.dataset.still ??= picture.src;
  picture.src = play ? picture.dataset.preview : picture.dataset.still;
}

if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
  list.addEventListener("pointerover", (event) => preview(event, true));
  list.addEventListener("pointerout", (event) => preview(event, false));
  list.addEventListener("focusin", (event) => preview(event, true));
  list.addEventListener("focusout", (event) => preview(event, false));
}
setInterval(refresh, 2000);
