/* The reply's box: words put in at a click, and what was typed last kept when the page goes away. */
"use strict";

(function () {
  const box = document.getElementById("reply_text");
  const form = document.getElementById("decision");
  const kept = document.getElementById("kept");
  if (!box || !form || !kept) {
    return;
  }
  let unkept = false;
  let sent = box.value;

  box.addEventListener("input", () => { unkept = true; });
  kept.addEventListener("htmx:beforeRequest", () => { sent = box.value; });
  kept.addEventListener("htmx:afterRequest", (event) => {
    unkept = !event.detail.successful || sent !== box.value;
  });
  document.addEventListener("submit", () => { unkept = false; });

  /* A page that is closed, or a phone that puts it away, sends what the next few seconds would have kept. */
  function keepNow() {
    if (unkept && kept.dataset.beacon && navigator.sendBeacon(kept.dataset.beacon, new URLSearchParams(new FormData(form)))) {
      unkept = false;
    }
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      keepNow();
    }
  });
  window.addEventListener("pagehide", keepNow);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-words]");
    if (!button) {
      return;
    }
    event.preventDefault();
    const language = document.getElementById("language");
    if (button.dataset.language && language && language.value !== button.dataset.language) {
      language.value = button.dataset.language;
      language.dispatchEvent(new Event("change", { bubbles: true }));
    }
    box.value = button.value;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
  });

  /* Words typed before the scripts were there are looked at, too. */
  window.addEventListener("load", () => {
    if (box.value !== box.defaultValue) {
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
}());
