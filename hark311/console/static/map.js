/* Makes a map movable: the same streets, pins and circles in Leaflet's frame. Without this file the picture stays. */
"use strict";

(function () {
  const CELL = 0.01; /* degrees; each cell of streets is asked for once */
  const MOST_CELLS = 30;
  const LETTER = 6.1;
  const NARROW = window.matchMedia("(max-width: 900px)");

  if (NARROW.matches) {
    document.querySelectorAll(".map-fold").forEach((fold) => { fold.open = false; });
  }

  function words(text) {
    const span = document.createElement("span");
    span.textContent = text;
    span.dir = "auto";
    return span;
  }

  function zoomOf(figure) {
    const lat = Number(figure.dataset.lat) * Math.PI / 180;
    return Math.log2(156543.034 * Math.cos(lat) / Number(figure.dataset.metres));
  }

  function addMarks(figure, map) {
    for (const [lat, lon, sign, label, metres] of JSON.parse(figure.dataset.marks)) {
      if (metres > 0) {
        L.circle([lat, lon], { radius: metres, className: "reach", interactive: false }).addTo(map);
      }
      const icon = L.divIcon({ className: "live-pin", iconSize: null, html: words(sign) });
      L.marker([lat, lon], { icon, alt: sign + " " + label, title: "" }).bindTooltip(words(label)).addTo(map);
    }
    if (figure.dataset.ring) {
      const at = figure.dataset.point.split(",").map(Number);
      L.circle(at, { radius: Number(figure.dataset.ring), className: "ring", interactive: false }).addTo(map);
    }
    for (const [lat, lon, , label] of JSON.parse(figure.dataset.dots)) {
      L.circleMarker([lat, lon], { radius: 4.5, className: "dot" }).bindTooltip(words(label)).addTo(map);
    }
  }

  /* Streets come cell by cell, and stay. */
  function streetsOf(map, told) {
    const layer = L.geoJSON(null, { interactive: false, style: () => ({ className: "way" }) }).addTo(map);
    const asked = new Set();
    const known = new Set();
    let looks = 0;

    async function ask(x, y) {
      const bbox = [x, y, x + 1, y + 1].map((at) => (at * CELL).toFixed(2)).join(",");
      const answer = await fetch("/map/streets?bbox=" + bbox, { credentials: "same-origin" });
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      const streets = await answer.json();
      layer.addData({ ...streets, features: streets.features.filter((one) => !known.has(one.id)) });
      streets.features.forEach((one) => known.add(one.id));
    }

    async function look() {
      looks += 1;
      const mine = looks;
      const box = map.getBounds();
      const [west, east] = [box.getWest(), box.getEast()].map((at) => Math.floor(at / CELL));
      const [south, north] = [box.getSouth(), box.getNorth()].map((at) => Math.floor(at / CELL));
      const tooWide = (east - west + 1) * (north - south + 1) > MOST_CELLS;
      const wanted = [];
      for (let x = west; !tooWide && x <= east; x += 1) {
        for (let y = south; y <= north; y += 1) {
          if (!asked.has(x + "," + y)) {
            asked.add(x + "," + y);
            wanted.push(ask(x, y).catch(() => asked.delete(x + "," + y)));
          }
        }
      }
      await Promise.all(wanted);
      if (mine !== looks) { /* the map has moved on, and its newer look decides */
        return;
      }
      if (tooWide) { /* half a city would look like a whole one */
        layer.remove();
      } else {
        layer.addTo(map);
      }
      told(tooWide ? null : layer);
    }
    map.on("moveend", look);
    return look;
  }

  /* One name for each street that is long enough, none over another. */
  function letterer(map) {
    const names = L.layerGroup().addTo(map);

    function straightest(line) {
      const best = { length: 0, all: 0 };
      const points = line.getLatLngs().flat().map((one) => map.latLngToContainerPoint(one));
      for (let at = 1; at < points.length; at += 1) {
        const [from, to] = [points[at - 1], points[at]];
        const length = from.distanceTo(to);
        best.all += length;
        const middle = [0.5, 0.3, 0.7].map((share) => from.add(to.subtract(from).multiplyBy(share))).find(inside);
        if (middle && length > best.length) {
          Object.assign(best, { length, middle, angle: Math.atan((to.y - from.y) / (to.x - from.x || 1e-9)) });
        }
      }
      return best;
    }

    function inside(point) {
      const size = map.getSize();
      return point.x > 20 && point.y > 10 && point.x < size.x - 20 && point.y < size.y - 30;
    }

    return function write(layer) {
      names.clearLayers();
      const streets = new Map();
      layer?.eachLayer((line) => {
        const name = line.feature.properties.name;
        const run = straightest(line);
        if (name && run.middle) {
          const known = streets.get(name) || { name, wide: name.length * LETTER, length: 0, all: 0 };
          const longer = run.length > known.length ? run : known;
          streets.set(name, { ...known, middle: longer.middle, angle: longer.angle, length: longer.length, all: known.all + run.all });
        }
      });
      const runs = Array.from(streets.values()).filter((one) => one.all > 1.3 * one.wide).map((one) => ({ ...one, length: one.all }));
      runs.sort((one, other) => other.length - one.length);
      const taken = [];
      for (const run of runs) {
        const free = taken.every((one) => one.middle.distanceTo(run.middle) > Math.max(26, (one.wide + run.wide) / 3));
        if (free && taken.length < 28) {
          taken.push(run);
          const text = words(run.name);
          text.style.transform = "translate(-50%, -50%) rotate(" + run.angle.toFixed(3) + "rad)";
          const icon = L.divIcon({ className: "live-name", iconSize: null, html: text });
          L.marker(map.containerPointToLatLng(run.middle), { icon, interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(names);
        }
      }
    };
  }

  function start(figure, button) {
    const place = document.createElement("div");
    place.className = "map-live";
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", "Map: arrow keys move it, plus and minus zoom");
    figure.querySelector(".map-frame").append(place);
    const first = [[Number(figure.dataset.lat), Number(figure.dataset.lon)], zoomOf(figure)];
    const map = L.map(place, { attributionControl: false, zoomSnap: 0, zoomDelta: 0.75, minZoom: 9, maxZoom: 20, fadeAnimation: false, zoomAnimation: false, markerZoomAnimation: false, inertia: false });
    map.setView(...first);
    if (figure.dataset.tiles) {
      L.tileLayer(figure.dataset.tiles, { maxZoom: 20, referrerPolicy: "no-referrer" }).addTo(map);
      figure.querySelector(".map-tiles")?.removeAttribute("hidden");
    }
    L.control.scale({ position: "bottomleft" }).addTo(map);
    addMarks(figure, map);
    const write = letterer(map);
    const far = document.createElement("p");
    far.className = "map-far";
    far.setAttribute("role", "status");
    place.append(far);
    streetsOf(map, (layer) => {
      const metres = 156543.034 * Math.cos(first[0][0] * Math.PI / 180) / 2 ** map.getZoom();
      place.classList.toggle("middling", metres >= 2.5 && metres < 6);
      place.classList.toggle("far", metres >= 6);
      far.textContent = layer ? "" : "Zoom in to see streets";
      write(layer);
    })().then(() => {
      figure.classList.add("moving");
      figure.querySelector(".map-sheet").remove();
    });
    button.textContent = "Back to the middle";
    place.focus();
    figure.dispatchEvent(new CustomEvent("desk:map", { detail: map })); /* pin.js adds the point that can be moved */
    return () => map.setView(...first);
  }

  document.querySelectorAll(".map").forEach((figure) => {
    const button = figure.querySelector(".map-move");
    let back = null;
    button.addEventListener("click", () => {
      if (back) {
        back();
      } else {
        back = start(figure, button);
      }
    });
  });
}());
