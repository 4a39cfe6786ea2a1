// The page of one camera: live video where the browser plays it, a line of what is recorded on a day,
// and a player that goes to any moment of it.
const camera = document.querySelector("[data-camera]").dataset.camera;
const base = `/api/v1/cameras/${camera}`;
const FILM_MS = 10 * 60 * 1000; // one film; the next one follows by itself
const DAY_MS = 86_400_000;
const RETRY_MS = 2000;
const live = document.getElementById("live");
const film = document.getElementById("film");
const line = document.getElementById("line");
const list = document.getElementById("list");
const day = document.getElementById("day");
const say = (id, text) => (document.getElementById(id).textContent = text);
const clock = (ms) => new Date(ms).toISOString().slice(11, 19);
let next = null; // where the film that plays ends, and the following one begins

function watch() {
  live.src = `${live.dataset.src}?${Date.now()}`;
  live.play().catch(() => {});
}

// A browser that does not play the camera's codec (HEVC, Motion JPEG) gets pictures instead.
function onLiveError() {
  if (live.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED && live.dataset.tried) {
    const picture = new Image();
    picture.className = "large";
    picture.alt = live.getAttribute("aria-label");
    picture.src = live.dataset.picture;
    live.replaceWith(picture);
    say("live-words", "This browser does not play the camera's video: pictures, a few a second.");
    return;
  }
  live.dataset.tried = "yes";
  say("live-words", "The camera sends nothing now; trying again.");
  setTimeout(watch, RETRY_MS);
}

async function show() {
  const begin = Date.parse(`${day.value}T00:00:00Z`);
  const answer = await fetch(
    `${base}/timeline?from=${iso(begin)}&to=${iso(begin + DAY_MS)}`, { cache: "no-store" });
  const found = await answer.json();
  line.replaceChildren();
  list.replaceChildren();
  if (!answer.ok) return say("film-words", found.detail);
  for (const span of found.spans) line.append(bar(span, begin));
  for (const event of found.events) line.append(mark(event, begin));
  for (const span of found.spans.filter((one) => !one.recorded)) list.append(item(gapWords(span)));
  for (const event of found.events) {
    list.append(item(`${clock(Date.parse(event.started_at))} ${event.label} (${event.rule_id})`, `/events/${event.id}`));
  }
  if (!found.spans.length) say("film-words", "Nothing is recorded on this day.");
}

const iso = (ms) => encodeURIComponent(new Date(ms).toISOString());
const place = (ms, begin) => `${((ms - begin) / DAY_MS) * 100}%`;

function gapWords(span) {
  const until = span.lasts ? "now" : clock(Date.parse(span.ended_at));
  const why = span.cause.replaceAll("_", " ") + (span.detail ? `: ${span.detail}` : "");
  return `${clock(Date.parse(span.began_at))} to ${until}: ${why}`;
}

function bar(span, begin) {
  const from = Date.parse(span.began_at);
  const to = Date.parse(span.ended_at);
  const made = document.createElement(span.recorded ? "button" : "span");
  made.className = span.recorded ? "recorded" : "gap";
  made.style.left = place(from, begin);
  made.style.width = place(begin + to - from, begin);
  made.title = span.recorded ? `${clock(from)} to ${clock(to)}` : gapWords(span);
  if (span.recorded) {
    made.type = "button";
    made.setAttribute("aria-label", `Play from ${clock(from)}`);
    made.addEventListener("click", (event) => {
      const box = made.getBoundingClientRect();
      const share = event.detail ? (event.clientX - box.left) / box.width : 0; // 0: by keyboard
      play(from + share * (to - from));
    });
  }
  return made;
}

function mark(event, begin) {
  const made = document.createElement("a");
  made.className = `mark ${event.severity}`;
  made.href = `/events/${event.id}`;
  made.style.left = place(Date.parse(event.started_at), begin);
  made.title = `${clock(Date.parse(event.started_at))} ${event.label}`;
  made.setAttribute("aria-label", made.title);
  return made;
}

function item(text, href) {
  const made = document.createElement("li");
  if (href) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = text;
    made.append(link);
  } else made.textContent = text;
  return made;
}

async function play(from) {
  const source = `${base}/recording.mp4?from=${iso(from)}&to=${iso(from + FILM_MS)}`;
  const about = await fetch(source, { method: "HEAD" });
  if (!about.ok) return say("film-words", "Nothing is recorded from here on.");
  const intervals = about.headers.get("X-Vedette-Intervals").split(", ");
  next = Date.parse(about.headers.get("X-Vedette-Next") ?? "") || from + FILM_MS;
  say("film-words", intervals.map((one) => one.split("/").map((at) => at.slice(11, 21)).join(" to ")).join(", then "));
  film.src = source;
  film.play().catch(() => {});
}

film.addEventListener("ended", () => next && play(next));
film.addEventListener("error", () => {
  if (film.error) say("film-words", "This browser does not play the recorded video; save it and open it in a player.");
});
document.getElementById("day-form").addEventListener("submit", (event) => {
  event.preventDefault();
  show();
});
if (live) {
  live.addEventListener("error", onLiveError);
  live.addEventListener("ended", () => setTimeout(watch, RETRY_MS));
  live.addEventListener("playing", () => {
    delete live.dataset.tried;
    say("live-words", "");
  });
  watch();
}
const wanted = new URL(location.href).searchParams.get("at");
day.value = (wanted ?? new Date().toISOString()).slice(0, 10);
show();
if (wanted) play(Date.parse(wanted));
