/* What walking.py asks of a page. */
"use strict";

window.walking = {
  /* Note every control that the focus comes to, and whether one can see it there; returns how many there are to reach. */
  begin() {
    const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("dialog:not([open])");
    const controls = "a[href], button, input, select, textarea, summary, [tabindex]";
    this.wanted = Array.from(document.querySelectorAll(controls))
      .filter((one) => one.tabIndex >= 0 && !one.disabled && one.type !== "hidden" && shown(one))
      .filter((one) => one.type !== "radio" || one.checked);
    this.reached = new Map();
    document.addEventListener("focusin", (event) => {
      const style = getComputedStyle(event.target);
      this.reached.set(event.target, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
    });
    const day = 4; /* day, month, year, the button */
    const time = 4; /* hours, minutes, morning or afternoon, the button */
    const inside = (kind, stops) => stops * document.querySelectorAll(`[type=${kind}]`).length;
    return this.wanted.length + inside("date", day) + inside("time", time) + inside("datetime-local", day + time);
  },

  missed() {
    document.activeElement.blur();
    const name = (one) => one.outerHTML.slice(0, 120);
    const missed = this.wanted.filter((one) => one.isConnected && !this.reached.has(one));
    const unseen = Array.from(this.reached).filter(([, visible]) => !visible).map(([one]) => one);
    return [
      ...missed.map((one) => "not reached: " + name(one)),
      ...unseen.filter((one) => one !== document.body).map((one) => "focus not visible: " + name(one)),
    ];
  },

  /* What sticks out where the page scrolls sideways. */
  tooWide(width) {
    if (document.documentElement.scrollWidth <= width) {
      return "";
    }
    const out = Array.from(document.querySelectorAll("main *, header *"))
      .filter((one) => one.getBoundingClientRect().right > width + 1 && one.checkVisibility())
      .filter((one) => !one.closest(".scrolls, .views, svg"));
    return out.slice(-2).map((one) => one.outerHTML.slice(0, 120)).join(" | ") || "scrolls sideways";
  },
};
