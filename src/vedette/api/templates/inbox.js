// Marks messages as read, and has this browser told while no page is open (Web Push).
const list = document.getElementById("messages");
const button = document.getElementById("push");
const word = document.getElementById("push-word");

const send = (method, path, body) =>
  fetch(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

document.getElementById("read-all")?.addEventListener("click", async () => {
  const newest = list.querySelector("[data-number]")?.dataset.number ?? "0";
  await send("POST", "/api/v1/inbox/read", { last: Number(newest) });
});

list.addEventListener("click", (event) => {
  const message = event.target.closest("a")?.closest("[data-number]");
  if (message) fetch(`/api/v1/inbox/${message.dataset.number}/read`, { method: "POST", keepalive: true });
});

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

async function key() {
  const answer = await fetch("/api/v1/push/key");
  return answer.ok ? (await answer.json()).key : null;
}

async function show(registration) {
  const told = await registration.pushManager.getSubscription();
  button.hidden = false;
  button.textContent = told ? "Tell this browser no more" : "Tell this browser, too";
  return told;
}

async function toggle(registration, wanted) {
  const told = await registration.pushManager.getSubscription();
  if (told) {
    await send("DELETE", "/api/v1/push/subscriptions", { endpoint: told.endpoint });
    await told.unsubscribe();
    word.textContent = "";
  } else {
    const options = { userVisibleOnly: true, applicationServerKey: bytes(wanted) };
    const fresh = await registration.pushManager.subscribe(options);
    const answer = await send("POST", "/api/v1/push/subscriptions", fresh.toJSON());
    if (!answer.ok) {
      await fresh.unsubscribe();
      throw new Error((await answer.json()).detail);
    }
    word.textContent = "This browser is told from now on.";
  }
  await show(registration);
}

async function begin() {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return;
  const wanted = await key();
  if (!wanted) return;
  const registration = await navigator.serviceWorker.register("/worker.js");
  await show(registration);
  button.addEventListener("click", () =>
    toggle(registration, wanted).catch((error) => {
      word.textContent = `This browser cannot be told: ${error.message}`;
    }),
  );
}

begin();
