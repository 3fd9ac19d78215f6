/* The palette: one field to do an action of this page, open a page or a view, or go to a number. A combobox with a
   listbox; without scripts the page /go does the same. */
"use strict";

(function () {
  const SHOWN = 12;
  const dialog = document.getElementById("palette");
  const field = document.getElementById("palette-words");
  const list = document.getElementById("palette-list");
  const said = document.getElementById("palette-said");
  if (!dialog) {
    return;
  }
  let known = null;
  let shown = [];
  let at = 0;

  async function open() {
    if (dialog.open) {
      return;
    }
    field.value = "";
    dialog.showModal();
    field.focus();
    if (!known) {
      said.textContent = "Fetching the pages.";
      known = await fetchKnown();
    }
    show();
  }

  async function fetchKnown() {
    try {
      const answer = await fetch(dialog.dataset.places, { headers: { "hx-request": "true" } });
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      return await answer.json();
    } catch {
      return null;
    }
  }

  /* What can be done on this page: every control that carries an action's name, once. */
  function actionsHere() {
    const names = new Set();
    document.querySelectorAll("main [data-key]").forEach((one) => {
      if (!one.checkVisibility || one.checkVisibility()) {
        names.add(one.dataset.key);
      }
    });
    return Object.keys(known.actions).filter((name) => names.has(name)).map((name) => (
      { word: capital(known.actions[name].does), kind: "Here", key: known.actions[name].key, action: name }
    ));
  }
  const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);

  function fitting() {
    if (!known) {
      return [];
    }
    const asked = field.value.trim();
    const parts = asked.toLowerCase().split(/\s+/);
    const all = [...actionsHere(), ...known.places];
    const found = all.filter((one) => parts.every((part) => (one.word + " " + one.kind).toLowerCase().includes(part)));
    if (/\d/.test(asked)) {
      found.unshift({ word: "Open the request or mention " + asked, kind: "Number", path: "/go?to=" + encodeURIComponent(asked) });
    } else if (asked) {
      found.push({ word: "Search posts for " + asked, kind: "Search", path: "/queue?view=all&q=" + encodeURIComponent(asked) });
    }
    return found.slice(0, SHOWN);
  }

  function show() {
    shown = fitting();
    at = 0;
    list.replaceChildren(...shown.map((one, index) => line(one, index)));
    said.textContent = !known ? "The pages could not be fetched. Close this and try again."
      : shown.length ? shown.length + " fit. Arrow keys choose, Enter opens." : "Nothing fits. Try a page's name or a number.";
    choose(0);
  }

  function line(one, index) {
    const option = document.createElement("li");
    option.id = "palette-" + index;
    option.setAttribute("role", "option");
    option.append(part("palette-word", one.word), part("meta", one.kind));
    if (one.key) {
      option.append(part("palette-key", one.key));
    }
    option.addEventListener("click", () => take(index));
    return option;
  }
  function part(name, text) {
    const span = document.createElement("span");
    span.className = name;
    span.textContent = text;
    return span;
  }

  function choose(index) {
    at = shown.length ? (index + shown.length) % shown.length : 0;
    Array.from(list.children).forEach((one, number) => one.setAttribute("aria-selected", String(number === at)));
    const chosen = list.children[at];
    if (chosen) {
      field.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  }

  function take(index) {
    const one = shown[index];
    if (!one) {
      return;
    }
    dialog.close();
    if (one.action) {
      document.dispatchEvent(new CustomEvent("desk:perform", { detail: one.action }));
    } else {
      window.location.assign(one.path);
    }
  }

  field.addEventListener("input", show);
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      choose(at + step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(at);
    }
  });
  document.addEventListener("desk:palette", open);
}());
