// Keeps a page fresh without loading it again, and plays a card's preview under pointer or focus.
// What may change are the children of [data-live], told apart by their ids. A child is replaced only
// when the server says something new of it, so that a clip that plays goes on, and never while the
// focus is inside it.
const EVERY_MS = 2000;
const PICTURE_MS = 150; // from one live picture to the next, at the least
const RETRY_MS = 2000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const places = () => document.querySelectorAll("[data-live]");
const said = new Map(); // what the server said last, by id

for (const place of places()) {
  for (const child of place.children) said.set(child.id, child.outerHTML);
}

async function renew() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const place of places()) {
    const news = fresh.getElementById(place.id);
    if (news) update(place, news);
  }
}

function update(place, news) {
  const wanted = [...news.children];
  const ids = new Set(wanted.map((child) => child.id));
  for (const old of [...place.children]) {
    if (!ids.has(old.id) && !busy(old)) old.remove();
  }
  let added = 0;
  let next = place.firstElementChild;
  for (const child of wanted) {
    const html = child.outerHTML;
    let old = document.getElementById(child.id);
    if (!old) {
      place.insertBefore(document.adoptNode(child), next);
      added += 1;
    } else {
      if (said.get(child.id) === html || busy(old)) {
        next = old === next ? old.nextElementSibling : next;
        continue;
      }
      next = old === next ? old.nextElementSibling : next;
      old.replaceWith(document.adoptNode(child));
    }
    said.set(child.id, html);
  }
  if (added && place.dataset.news) tell(`${added} ${place.dataset.news}`);
}

const busy = (element) => element.contains(document.activeElement);

function tell(text) {
  document.getElementById("news").textContent = text;
}

// How many messages nobody has read; a link of a message leads to a page without this.
async function count() {
  const place = document.getElementById("unread");
  if (!place) return;
  const answer = await fetch("/api/v1/inbox?limit=1", { cache: "no-store" });
  if (!answer.ok) return;
  const { unread } = await answer.json();
  place.hidden = !unread;
  place.textContent = unread;
}

async function keepFresh() {
  for (;;) {
    await pause(EVERY_MS);
    if (document.hidden) continue;
    try {
      await renew();
      await count();
    } catch {
      // the server is away for a moment: the next round tries again
    }
  }
}

// One request at a time for each camera: an endless stream each would use up the few connections
// that a browser opens to one server.
async function keepLive(camera) {
  for (;;) {
    await pause(PICTURE_MS);
    const shown = camera.querySelector(".view img");
    if (document.hidden || !shown || !camera.querySelector(".state.online")) continue;
    const next = shown.cloneNode();
    next.src = `${new URL(shown.src).pathname}?${Date.now()}`;
    try {
      await next.decode();
    } catch {
      await pause(RETRY_MS);
      continue;
    }
    if (shown.isConnected) shown.replaceWith(next);
  }
}

function preview(event, play) {
  const picture = event.target.closest?.(".card")?.querySelector("img[data-preview]");
  if (!picture) return;
  picture.dataset.still ??= picture.src;
  const wanted = new URL(play ? picture.dataset.preview : picture.dataset.still, location.href).href;
  if (picture.src !== wanted) picture.src = wanted;
}

if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
  document.addEventListener("pointerover", (event) => preview(event, true));
  document.addEventListener("pointerout", (event) => preview(event, false));
  document.addEventListener("focusin", (event) => preview(event, true));
  document.addEventListener("focusout", (event) => preview(event, false));
}
for (const camera of document.querySelectorAll(".camera")) keepLive(camera);
keepFresh();
