/* The point of the request can be dragged, or moved with the arrow keys: 5 metres, with Shift 50. What lies there is said
   as it moves, and nothing is kept before somebody says so. Without this file the fields and their button do the same. */
"use strict";

(function () {
  const STEP = 5;
  const LEAP = 50;
  const METRES_PER_DEGREE = 111195;
  const ASK_MS = 150;
  const DIRECTIONS = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
  const figure = document.querySelector(".map[data-read]");
  const fields = [document.getElementById("lat"), document.getElementById("long")];
  const [told, keep, back, move] = ["pin-told", "pin-keep", "pin-back", "pin-move"].map((id) => document.getElementById(id));

  if (!figure || !told || !fields[0]) {
    move?.closest("p").remove(); /* there is no map to move it on */
    return;
  }
  const first = figure.dataset.point.split(",").map(Number);
  const typed = fields.map((field) => field.value);
  let [map, marker, wanted] = [null, null, false];
  let asked = 0;
  let asking = 0;

  function write(values) {
    fields.forEach((field, at) => {
      field.value = values[at];
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  async function ask(point) {
    asked += 1;
    const mine = asked;
    const service = document.getElementById("service_code");
    const query = new URLSearchParams({ lat: point.lat.toFixed(6), lon: point.lng.toFixed(6), service: service ? service.value : "" });
    let words = "What lies here could not be read. The point is in the fields.";
    try {
      const answer = await fetch(figure.dataset.read + "?" + query, { credentials: "same-origin" });
      if (answer.ok) {
        const read = await answer.json();
        const far = Math.round(point.distanceTo(first));
        words = read.words + (read.kind ? ", " + read.kind : "") + ". Moved " + far + " m.";
      }
    } catch { /* the words above say so */ }
    if (mine === asked) {
      told.textContent = words;
    }
  }

  function moved() {
    const point = marker.getLatLng();
    write([point.lat.toFixed(6), point.lng.toFixed(6)]);
    keep.hidden = false;
    clearTimeout(asking);
    asking = setTimeout(ask, ASK_MS, point);
  }

  function putBack() {
    clearTimeout(asking);
    asked += 1;
    marker.setLatLng(first);
    write(typed);
    keep.hidden = true;
    told.textContent = "The point is back where it was.";
  }

  function press(event) {
    const way = DIRECTIONS[event.key];
    if (way) {
      const metres = event.shiftKey ? LEAP : STEP;
      const at = marker.getLatLng();
      const north = way[0] * metres / METRES_PER_DEGREE;
      const east = way[1] * metres / METRES_PER_DEGREE / Math.cos(at.lat * Math.PI / 180);
      marker.setLatLng([at.lat + north, at.lng + east]);
      map.panInside(marker.getLatLng(), { padding: [40, 40], animate: false });
      moved();
    } else if (event.key === "Enter" && !keep.hidden) {
      keep.querySelector("button").click();
    } else if (event.key === "Escape" && !keep.hidden) {
      putBack();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); /* the map itself would move as well */
  }

  /* It would cover the pin below it, so it comes only when somebody wants to move it. */
  function show() {
    const icon = L.divIcon({ className: "pin-moved", iconSize: null, html: "<span></span>" });
    marker = L.marker(first, { icon, draggable: true, autoPan: true, zIndexOffset: 1000, title: "" }).addTo(map);
    const element = marker.getElement();
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", "The point of the request. Arrow keys move it 5 metres, with Shift 50; Enter keeps it, Escape puts it back");
    element.addEventListener("keydown", press);
    marker.on("drag", moved);
    element.focus();
  }

  figure.addEventListener("desk:map", (event) => {
    map = event.detail;
    if (wanted) {
      show();
    }
  });

  move.addEventListener("click", () => {
    wanted = true;
    if (marker) {
      marker.getElement().focus();
    } else if (map) {
      show();
    } else {
      figure.closest("details").open = true;
      figure.querySelector(".map-move").click();
    }
    told.textContent = "Arrow keys move the point 5 metres, with Shift 50. Enter keeps it, Escape puts it back.";
  });
  back.addEventListener("click", () => {
    putBack();
    marker.getElement().focus();
  });
}());
