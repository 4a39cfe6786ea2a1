// Shows what the product tells this browser, also while none of its pages is open.
self.addEventListener("push", (event) => {
  const said = event.data.json();
  event.waitUntil(
    self.registration.showNotification(said.title, {
      body: said.text,
      tag: said.tag, // the same alert again takes the place of its first message
      requireInteraction: said.severity === "critical",
      data: { link: said.link },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.link));
});
