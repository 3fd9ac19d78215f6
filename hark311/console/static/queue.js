/* What is selected in the queue stays selected while the list refreshes itself, and is counted. */
"use strict";

(function () {
  const bar = document.getElementById("bulk");
  const number = document.getElementById("bulk-number");
  if (!bar) {
    return;
  }
  const picked = new Set();
  const boxes = () => Array.from(document.querySelectorAll('.row-pick input[type="checkbox"]'));

  function tell() {
    number.textContent = picked.size ? picked.size + " selected" : "";
    bar.classList.toggle("some", picked.size > 0);
  }

  function gather() {
    picked.clear();
    boxes().filter((box) => box.checked).forEach((box) => picked.add(box.id));
    tell();
  }

  function restore() {
    boxes().forEach((box) => {
      box.checked = picked.has(box.id);
    });
    gather();
  }

  document.addEventListener("change", (event) => event.target.closest(".row-pick") && gather());
  document.addEventListener("htmx:oobAfterSwap", restore);
  window.addEventListener("pageshow", gather);
  gather();
}());
