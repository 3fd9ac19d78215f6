/* Small charts, drawn by uPlot from the table that stands behind each of them. */
(() => {
  "use strict";

  const HEIGHT = 150;
  // a canvas knows no light-dark(): the browser says what a role comes to here and now
  const colour = (role) => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(${role})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };

  const span = (seconds) => {
    if (seconds < 60) return `${Math.round(seconds)} s`;
    if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.round(seconds / 360) / 10} h`;
    return `${Math.round(seconds / 8640) / 10} days`;
  };
  const written = {
    bars: (value) => `${value}`,
    times: span,
    shares: (value) => `${Math.round(100 * value)} %`,
  };
  const steps = { bars: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000], shares: [0.25, 0.5],
    times: [10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 345600, 691200, 1382400] };

  const read = (table, columns) => {
    const rows = [...table.tBodies[0].rows];
    return {
      names: rows.map((row) => row.cells[0].textContent),
      values: columns.map((column) => rows.map((row) => {
        const value = row.cells[column].dataset.value;
        return value === "" ? null : Number(value);
      })),
    };
  };

  const draw = (figure) => {
    const place = figure.querySelector(".chart-place");
    const kind = figure.dataset.chart;
    const table = document.getElementById(figure.dataset.from).querySelector("table");
    const { names, values } = read(table, figure.dataset.columns.split(" ").map(Number));
    const [ink, line, act] = [colour("--ink-2"), colour("--line"), colour("--act")];
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const many = names.length;
    const series = values.map((_, number) => ({
      stroke: act,
      fill: kind === "bars" ? act : undefined,
      width: kind === "bars" ? 0 : 2,
      dash: number ? [4, 4] : undefined,
      paths: kind === "bars" ? uPlot.paths.bars({ size: [0.7, 40] }) : undefined,
      points: { show: kind !== "bars" && many <= 31, size: 5 },
      spanGaps: false,
    }));
    const options = {
      width: place.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: [-0.6, many - 0.4] },
        y: { range: (_chart, _low, high) => [0, kind === "shares" ? 1 : Math.max(high || 1, 1) * 1.08] },
      },
      axes: [
        {
          stroke: ink, font, grid: { show: false }, ticks: { show: false }, size: 26,
          splits: () => (many < 3 ? names.map((_, place) => place) : [0, Math.floor((many - 1) / 2), many - 1]),
          values: (_chart, places) => places.map((one) => names[one]),
        },
        {
          stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false }, size: 52, space: 40,
          incrs: steps[kind],
          values: (_chart, ticks) => ticks.map(written[kind]),
        },
      ],
      series: [{}, ...series],
    };
    place.replaceChildren();
    new uPlot(options, [names.map((_, place) => place), ...values], place);
  };

  const drawAll = () => document.querySelectorAll("figure[data-chart]").forEach(draw);
  const later = { timer: 0 };
  drawAll();
  window.addEventListener("resize", () => {
    clearTimeout(later.timer);
    later.timer = setTimeout(drawAll, 150);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
