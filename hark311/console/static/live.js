/* Pages that learn at once what changed. A page about one mention refreshes when that one changed, a list always.
   Where there is no EventSource, or no stream can be had, desk.js goes on asking every few seconds. */
"use strict";

(function () {
  const QUIET_MS = 30000;
  const GATHER_MS = 400;
  const root = document.documentElement;
  const page = document.querySelector("[data-live]");
  if (!page || !window.EventSource) {
    return;
  }
  const mention = Number(page.dataset.live) || 0;
  let source = null;
  let number = null;
  let waiting = 0;

  function refresh() {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => htmx.trigger(document.body, "desk:poll"), GATHER_MS);
  }

  function step(event) {
    const notice = JSON.parse(event.data);
    const missed = number !== null && number !== notice.after;
    const first = number === null;
    number = notice.number;
    const about = notice.mentions === null || notice.mentions.length > 0;
    const ours = !mention || notice.mentions === null || notice.mentions.includes(mention);
    if (first || missed || notice.here || (about && ours)) {
      refresh();
    }
  }

  function open() {
    if (source) {
      return;
    }
    source = new EventSource(page.dataset.events || "/events" + (mention ? "?mention=" + mention : ""));
    source.addEventListener("open", () => {
      root.dataset.live = "on";
    });
    source.addEventListener("step", step);
    source.addEventListener("signed-out", () => {
      close();
      htmx.trigger(document.body, "desk:poll");
    });
    source.addEventListener("error", () => {
      delete root.dataset.live;
      number = null;
    });
  }

  function close() {
    if (source) {
      source.close();
      source = null;
    }
    number = null;
    delete root.dataset.live;
  }

  /* A browser opens only a handful of connections to one desk: a page nobody sees gives its own back. */
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? open() : close()));
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", () => document.visibilityState === "visible" && open());
  window.setInterval(() => {
    if (root.dataset.live && document.visibilityState === "visible") {
      htmx.trigger(document.body, "desk:poll");
    }
  }, QUIET_MS);
}());
