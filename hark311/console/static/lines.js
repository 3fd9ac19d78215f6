/* On a line of the evidence card: Enter says it is right, e changes it, x says it is wrong. The buttons do the same. */
"use strict";

document.addEventListener("keydown", (event) => {
  const line = document.activeElement;
  if (!line?.matches(".line") || event.repeat || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const wanted = { Enter: ".line-accept", x: ".line-reject", e: ".line-edit" }[event.key];
  const found = wanted && line.querySelector(wanted);
  if (!found) {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation(); /* on a line these keys mean the line */
  if (found.matches("details")) {
    found.open = true;
    found.querySelector("select").focus();
  } else {
    found.click();
  }
}, true);
