/* Keys, refreshing, and saying so when the desk cannot be reached. Every action works without this file. */
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
  setInterval(call, POLL_MS, "desk:poll");
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

  /* Single keys. Never while somebody types, never with a modifier, never when a key is held down. */
  const typing = (element) => element instanceof HTMLElement
    && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)) && element.type !== "checkbox";

  function move(step) {
    const links = Array.from(document.querySelectorAll(".row-link"));
    const at = links.indexOf(document.activeElement);
    const next = links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
    return Boolean(next);
  }

  function open(dialog) {
    if (!dialog.open) {
      dialog.showModal();
    }
  }

  function act(element) {
    if (element.dataset.opens) {
      open(document.getElementById(element.dataset.opens));
    } else if (element.tagName === "TEXTAREA") {
      element.focus();
      element.setSelectionRange(element.value.length, element.value.length);
    } else if (element.tagName === "SUMMARY") {
      element.parentElement.open = true;
      element.parentElement.querySelector("input").focus();
    } else {
      element.click();
    }
  }

  function press(key) {
    if (key === "j" || key === "k") {
      return move(key === "j" ? 1 : -1);
    }
    if (key === "Enter") {
      const first = document.activeElement === document.body && document.querySelector(".row-link");
      if (first) {
        first.click();
      }
      return Boolean(first);
    }
    const element = document.querySelector('[data-key="' + CSS.escape(key) + '"]');
    if (element) {
      act(element);
    }
    return Boolean(element);
  }

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) {
      return;
    }
    if (event.key === "Escape" && typing(document.activeElement)) {
      const box = document.activeElement.closest("details.close");
      document.activeElement.blur();
      if (box) {
        box.open = false;
      }
      return;
    }
    const off = document.body.dataset.keys !== "on";
    if (off || event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(document.activeElement)) {
      return;
    }
    if (press(event.key)) {
      event.preventDefault();
    }
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("button[data-opens]");
    if (opener) {
      open(document.getElementById(opener.dataset.opens));
    }
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

  const refused = document.getElementById("refused");
  if (refused) {
    refused.focus();
  }
}());
