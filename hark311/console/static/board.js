/* The board while somebody looks at it: the bar acts on the selected card, ages go on in place, lanes are walked by
   keys. Every act works without this file, on the page of the post. */
"use strict";

(function () {
  const TICK_MS = 1000;
  const bar = document.getElementById("act");
  let offset = 0;
  let selected = null;
  let follows = null;

  /* Times: the desk's clock, told with every refresh, and counted on here. */
  function setClock() {
    const told = document.getElementById("board-time");
    if (told && told.dataset.now) {
      offset = new Date(told.dataset.now).getTime() - Date.now();
    }
  }
  function lasting(milliseconds) {
    const all = Math.max(0, Math.floor(milliseconds / 1000));
    const two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(all / 3600);
    const minutes = Math.floor((all % 3600) / 60);
    return hours ? hours + ":" + two(minutes) + ":" + two(all % 60) : minutes + ":" + two(all % 60);
  }
  function tick() {
    const now = Date.now() + offset;
    document.querySelectorAll("time[data-since]").forEach((one) => {
      one.textContent = lasting(now - new Date(one.dataset.since).getTime());
    });
    document.querySelectorAll("time[data-until]").forEach((one) => {
      one.textContent = lasting(new Date(one.dataset.until).getTime() - now);
    });
    document.querySelectorAll("time[data-due]").forEach((one) => {
      one.textContent = lasting(Math.abs(new Date(one.dataset.due).getTime() - now));
    });
  }
  setClock();
  window.setInterval(() => document.visibilityState === "visible" && tick(), TICK_MS);

  /* The selected card: the bar's form is about it. */
  function cardOf(element) {
    return element instanceof Element ? element.closest("[data-entry]") : null;
  }
  function about(card) {
    if (!bar || !card) {
      return;
    }
    const base = bar.dataset.base;
    const words = card.querySelector(".card-words, .alarm-words");
    const who = card.querySelector(".card-who, bdi");
    selected = card.dataset.entry;
    bar.hidden = false;
    bar.action = base + "/entries/" + selected + "/do" + bar.dataset.query;
    document.getElementById("act-version").value = card.dataset.version;
    document.getElementById("act-answer").href = base + "/entries/" + selected + "?write=1";
    const moderate = document.getElementById("act-moderate");
    if (moderate) {
      moderate.href = "/moderation/new?entry=" + selected;
    }
    document.getElementById("act-who").textContent = (who ? who.textContent + ": " : "") + (words ? words.textContent.trim() : "");
  }
  document.addEventListener("focusin", (event) => about(cardOf(event.target)));

  /* One act: sent from here, and the board comes back with the answer. */
  function neighbour(card) {
    const link = card && card.querySelector(".row-link");
    const links = card ? Array.from((card.closest(".lane") || document).querySelectorAll(".row-link")) : [];
    const beside = links[links.indexOf(link) + 1] || links[links.indexOf(link) - 1];
    return beside ? beside.id : "";
  }
  if (bar) {
    bar.addEventListener("submit", (event) => event.stopPropagation()); /* one press after another is meant */
    bar.addEventListener("htmx:configRequest", (event) => {
      const link = document.getElementById("card-" + selected);
      const card = cardOf(link);
      if (!card) {
        event.preventDefault();
        return;
      }
      follows = { at: link.id, lane: (card.closest(".lane") || {}).id, beside: neighbour(card) };
      event.detail.path = bar.getAttribute("action");
    });
    bar.addEventListener("htmx:afterRequest", () => {
      follows = null;
    });
  }

  /* After an act the focus follows at once, so that the next key, however quick, finds it. A card that was sorted away
     leaves it to the one below. */
  document.addEventListener("htmx:afterSwap", () => {
    if (!follows) {
      return;
    }
    const was = document.getElementById(follows.at);
    const stays = was && (was.closest(".lane") || {}).id === follows.lane;
    const next = stays ? was : document.getElementById(follows.beside) || was || document.querySelector(".lanes .row-link");
    if (!stays) {
      follows = null; /* while it stays, this may be the refresh of somebody else's change */
    }
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  });

  /* Once a refresh has settled: the clock, and the version of the card the bar is about. */
  document.addEventListener("htmx:afterSettle", () => {
    setClock();
    tick();
    const still = selected && document.getElementById("card-" + selected);
    if (still && document.activeElement === still) {
      about(cardOf(still));
    }
  });

  /* Left and right: from lane to lane, over those that are empty. */
  document.addEventListener("desk:action", (event) => {
    const steps = { "next-lane": 1, "previous-lane": -1 };
    if (!(event.detail in steps)) {
      return;
    }
    const shown = (one) => one.checkVisibility ? one.checkVisibility() : true;
    const lanes = Array.from(document.querySelectorAll(".lane")).filter((one) => Array.from(one.querySelectorAll(".row-link")).some(shown));
    const here = lanes.indexOf(document.activeElement.closest(".lane"));
    const to = lanes[Math.min(lanes.length - 1, Math.max(0, here + steps[event.detail]))];
    if (to) {
      event.preventDefault();
      Array.from(to.querySelectorAll(".row-link")).find(shown).focus();
    }
  });
}());
