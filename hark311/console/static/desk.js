/* Refreshing, and saying so when the desk cannot be reached. Every action works without this file. */
"use strict";

(function () {
  const POLL_MS = 5000;
  const TICK_MS = 1000;
  const root = document.documentElement;
  const seen = new Map();
  root.classList.add("script");

  /* Refreshing: only while somebody can see the page, and only what really changed. */
  function call(name) {
    if (document.visibilityState === "visible") {
      htmx.trigger(document.body, name);
    }
  }
  setInterval(() => root.dataset.live || call("desk:poll"), POLL_MS); /* live.js knows better while it is told */
  setInterval(call, TICK_MS, "desk:tick");
  document.addEventListener("visibilitychange", () => call("desk:poll"));

  document.addEventListener("htmx:beforeSwap", (event) => {
    const config = event.detail.requestConfig;
    if (config.verb !== "get" || !event.detail.shouldSwap) {
      return;
    }
    const address = event.detail.pathInfo.requestPath.split("?")[0];
    if (seen.get(address) === event.detail.serverResponse) {
      event.detail.shouldSwap = false;
    }
    seen.set(address, event.detail.serverResponse);
  });

  function say(text) {
    const line = document.getElementById("unreached");
    if (line && line.textContent !== text) {
      line.textContent = text;
      line.hidden = !text;
    }
  }
  document.addEventListener("htmx:sendError", () => say("The desk cannot be reached. What you see may be old. What you typed is still here."));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) {
      say("");
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const signedOut = event.detail.xhr.status === 401;
    say(signedOut
      ? "You are signed out. Copy what you typed, then sign in again."
      : "The desk could not refresh this page. What you see may be old.");
  });

  /* One decision per press: a second click on the way out does nothing. */
  document.addEventListener("submit", (event) => {
    if (event.target.method === "dialog") {
      return;
    }
    if (event.target.dataset.sent) {
      event.preventDefault();
    }
    event.target.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  /* A menu or a box folds away when the person goes on elsewhere, or leaves it with Escape (keys.js). */
  document.addEventListener("click", (event) => fold(event.target));
  document.addEventListener("focusin", (event) => fold(event.target));
  function fold(target) {
    document.querySelectorAll("details.menu[open]").forEach((one) => {
      if (!one.contains(target)) {
        one.open = false;
      }
    });
  }

  const refused = document.getElementById("refused");
  if (refused) {
    refused.focus();
  }
}());
