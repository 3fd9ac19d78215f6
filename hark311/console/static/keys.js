/* Single keys: which key means which action is the person's choice and comes with the page (data-pressed on the body);
   which control does an action stands on the control (data-key). Every action works without this file. */
"use strict";

(function () {
  const body = document.body;
  const actions = JSON.parse(body.dataset.pressed || "{}");
  const pages = JSON.parse(body.dataset.pages || "{}");
  const chord = document.getElementById("chord");
  const STEPS = { "next-row": 1, "previous-row": -1, "next-card": 1, "previous-card": -1 };
  let begun = "";

  const typing = (element) => element instanceof HTMLElement
    && (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName))
    && !/^(checkbox|radio|button|submit)$/.test(element.type);
  const seen = (element) => element.checkVisibility ? element.checkVisibility() : true;

  function move(step) {
    const within = document.activeElement.closest(".lane") || document;
    const links = Array.from(within.querySelectorAll(".row-link")).filter(seen);
    const row = document.activeElement.closest(".row");
    const at = links.indexOf(row ? row.querySelector(".row-link") : document.activeElement);
    const next = links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
    return Boolean(next);
  }

  function select() {
    const row = document.activeElement.closest(".row");
    const box = row && row.querySelector('input[type="checkbox"]');
    if (box) {
      box.click();
    }
    return Boolean(box);
  }

  function open(dialog) {
    if (!dialog.open) {
      dialog.showModal();
    }
  }

  function act(element) {
    if (element.dataset.opens) {
      open(document.getElementById(element.dataset.opens));
    } else if (element.tagName === "SUMMARY") {
      element.parentElement.open = true;
      const field = element.parentElement.querySelector("input:not([type='hidden']), textarea, select, button, a");
      (field || element).focus();
    } else if (element.tagName === "TEXTAREA" || (element.tagName === "INPUT" && typing(element))) {
      element.focus();
      element.setSelectionRange(element.value.length, element.value.length);
    } else if (element.matches("a[href], button, input, select, label")) {
      element.focus();
      element.click();
    } else {
      element.tabIndex = element.tabIndex < 0 ? -1 : element.tabIndex;
      element.focus();
      element.scrollIntoView({ block: "nearest" });
    }
  }

  /* Do one action of the table: its control on this page if there is one, else the page it leads to. */
  function perform(name) {
    if (name in STEPS) {
      return move(STEPS[name]);
    }
    if (name === "select") {
      return select();
    }
    const here = Array.from(document.querySelectorAll('[data-key="' + CSS.escape(name) + '"]'));
    const element = here.find(seen) || here.find((one) => one.dataset.opens);
    if (element) {
      act(element);
    } else if (pages[name]) {
      window.location.assign(pages[name]);
    }
    const done = element || pages[name];
    return Boolean(done) || !document.dispatchEvent(new CustomEvent("desk:action", { detail: name, cancelable: true }));
  }
  document.addEventListener("desk:perform", (event) => perform(event.detail));

  function begin(key) {
    begun = key;
    const rest = Object.keys(actions).filter((one) => one.startsWith(key + " "));
    chord.textContent = rest.length ? key + " and then " + rest.map((one) => one.slice(2) + ": " + wordOf(actions[one][0])).join(", ") : "";
    chord.hidden = !rest.length;
    return rest.length > 0;
  }
  function wordOf(name) {
    return name.replace(/^go-/, "").replace(/-/g, " ");
  }
  function end() {
    begun = "";
    chord.hidden = true;
  }

  function press(key) {
    const whole = begun ? begun + " " + key : key;
    const wasBegun = Boolean(begun);
    end();
    const meant = actions[whole] || [];
    if (meant.some(perform)) {
      return true;
    }
    if (!wasBegun && begin(key)) {
      return true;
    }
    end();
    if (key === "Enter" && document.activeElement === body) {
      const first = document.querySelector(".row-link");
      if (first) {
        first.click();
      }
      return Boolean(first);
    }
    return false;
  }

  function leave() {
    const active = document.activeElement;
    const box = active.closest("details.close, details.menu");
    if (box && box.open) {
      box.open = false;
      box.querySelector("summary").focus();
    }
    if (typing(active)) {
      active.blur();
    }
    end();
  }

  document.addEventListener("keydown", (event) => {
    const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (command && event.key.toLowerCase() === "k") {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("desk:palette"));
      return;
    }
    if (document.querySelector("dialog[open]")) {
      return;
    }
    if (event.key === "Escape") {
      leave();
      return;
    }
    const off = body.dataset.keys !== "on";
    if (off || event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(document.activeElement)) {
      return;
    }
    if (!/^(Shift|Tab)$/.test(event.key) && press(event.key)) {
      event.preventDefault();
    }
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("button[data-opens]");
    if (opener && opener.dataset.opens === "palette") {
      document.dispatchEvent(new CustomEvent("desk:palette"));
    } else if (opener) {
      open(document.getElementById(opener.dataset.opens));
    }
  });
}());
