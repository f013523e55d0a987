/* ECharts in the product's colours. <div class="c-chart" id="x" data-chart="{JSON}" role="img" aria-label="summary"> draws
   its data; a <button data-chart-table="x"> shows the same figures as a table. The data stand in an attribute, since htmx
   drops every <script> of an answer: {kind, labels, series: [{name, data, color, dash, thin}], unit, line}.
   Kinds: stack, bars, hbar, lines, area, pareto, heat.
   heat: {labels (x), rows (y), data: [[x, y, n], ...]}. Colours are token names: "ch-1". */
(function () {
  const { word } = window.crm;
  const made = new Map();
  const asTable = new Set(); // ids of charts that are read as tables, through every refresh
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const SOLID = "path://M0,0h18v2.4h-18z", DASH = "path://M0,0h5v2.4h-5z M6.5,0h5v2.4h-5z M13,0h5v2.4h-5z", THIN = "path://M0,0h18v1.2h-18z";
  const colour = (series, index) => token(series.color || `ch-${(index % 6) + 1}`);
  const small = () => ({ color: token("ink-3"), fontSize: 11 });
  const axisX = (data, more) => ({ type: "category", data, axisTick: { show: false }, axisLine: { lineStyle: { color: token("line-2") } }, axisLabel: small(), ...more });
  const axisY = (more) => ({ type: "value", splitNumber: 3, axisLabel: small(), splitLine: { lineStyle: { color: token("ch-grid") } }, ...more });

  function base() {
    return {
      textStyle: { fontFamily: token("font-ui"), fontSize: 12, color: token("ink-2") },
      animationDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250,
      grid: { left: 4, right: 8, top: 30, bottom: 2, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: 10, itemHeight: 10, itemGap: 14, icon: "roundRect", textStyle: { color: token("ink-2"), fontSize: 12 } },
      tooltip: { trigger: "axis", backgroundColor: token("raised"), borderColor: token("line-2"), textStyle: { color: token("ink"), fontSize: 12 }, axisPointer: { type: "shadow", shadowStyle: { color: token("sunken"), opacity: .6 } } },
    };
  }
  const bar = (series, index, more) => ({ name: series.name, type: "bar", data: series.data, itemStyle: { color: colour(series, index), borderColor: token("surface"), borderWidth: .5 }, ...more });
  const line = (series, index, more) => ({ name: series.name, type: "line", data: series.data, symbol: "none", connectNulls: false, lineStyle: { width: series.thin ? 1 : 2, color: colour(series, index), type: series.dash ? [4, 4] : "solid" }, itemStyle: { color: colour(series, index) }, ...more });
  const withUnit = (spec) => ({ axisLabel: { ...small(), formatter: `{value}${spec.unit || ""}` } });

  const KINDS = {
    stack: (spec) => ({ xAxis: axisX(spec.labels), yAxis: axisY({ minInterval: 1 }), series: spec.series.map((series, index) => bar(series, index, { stack: "all", barWidth: "46%" })) }),
    bars: (spec) => ({ xAxis: axisX(spec.labels), yAxis: axisY(withUnit(spec)), series: spec.series.map((series, index) => bar(series, index, { barMaxWidth: 22 })) }),
    hbar: (spec) => ({
      legend: { show: false }, grid: { left: 2, right: 34, top: 2, bottom: 2, containLabel: true }, xAxis: { type: "value", show: false },
      yAxis: { type: "category", data: spec.labels, inverse: true, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: token("ink-2"), fontSize: 12 } },
      series: spec.series.map((series, index) => bar(series, index, { barWidth: 9, label: { show: true, position: "right", color: token("ink-2"), fontSize: 12 } })),
    }),
    lines: (spec) => ({
      legend: { itemWidth: 18, itemHeight: 3, data: spec.series.map((series) => ({ name: series.name, icon: series.thin ? THIN : series.dash ? DASH : SOLID })) },
      grid: { left: 4, right: 22, top: 30, bottom: 2, containLabel: true }, xAxis: axisX(spec.labels, { boundaryGap: false }), yAxis: axisY(withUnit(spec)), series: spec.series.map((series, index) => line(series, index)),
    }),
    area: (spec) => ({
      legend: { show: false }, grid: { left: 0, right: 6, top: 6, bottom: 0, containLabel: true }, xAxis: axisX(spec.labels, { boundaryGap: false }), yAxis: axisY({ scale: true, ...withUnit(spec) }),
      series: spec.series.map((series, index) => line(series, index, { areaStyle: { color: colour(series, index), opacity: .1 } })),
    }),
    pareto: (spec) => ({
      xAxis: axisX(spec.labels, { axisLabel: { ...small(), interval: 0, width: 62, overflow: "break", lineHeight: 14 } }),
      yAxis: [axisY({ minInterval: 1 }), axisY({ max: 100, interval: 50, splitLine: { show: false }, axisLabel: { ...small(), formatter: "{value}%" } })],
      series: [bar(spec.series[0], 3, { barWidth: "52%" }), line({ color: "ink-2", ...spec.series[1] }, 0, { yAxisIndex: 1, symbol: "circle", symbolSize: 5 })],
    }),
    heat: (spec) => ({
      legend: { show: false }, grid: { left: 4, right: 4, top: 4, bottom: 30, containLabel: true },
      tooltip: { trigger: "item", formatter: (point) => `${spec.rows[point.value[1]]} ${spec.labels[point.value[0]]} · ${point.value[2]}` },
      xAxis: axisX(spec.labels, { axisLine: { show: false } }), yAxis: { type: "category", data: spec.rows, inverse: true, axisTick: { show: false }, axisLine: { show: false }, axisLabel: small() },
      visualMap: { min: 0, max: Math.max(1, ...spec.data.map((cell) => cell[2])), orient: "horizontal", left: "center", bottom: 0, itemWidth: 10, itemHeight: 90, textStyle: small(), inRange: { color: [0, 1, 2, 3, 4, 5].map((step) => token(`heat-${step}`)) } },
      series: [{ type: "heatmap", data: spec.data, itemStyle: { borderColor: token("surface"), borderWidth: 2, borderRadius: 3 } }],
    }),
  };

  const specOf = (node) => JSON.parse(node.dataset.chart);

  function draw(node) {
    made.get(node)?.dispose();
    const spec = specOf(node), start = base(), own = KINDS[spec.kind](spec);
    const chart = window.echarts.init(node, null, { renderer: "svg" });
    chart.setOption({ ...start, ...own, legend: { ...start.legend, ...own.legend }, tooltip: { ...start.tooltip, ...own.tooltip } });
    made.set(node, chart);
  }

  function drawAll() {
    if (!window.echarts) return;
    for (const [node, chart] of made) {
      if (node.isConnected) continue;
      chart.dispose();
      made.delete(node);
    }
    document.querySelectorAll("[data-chart-table]").forEach((button) => {
      if (asTable.has(button.dataset.chartTable) && button.getAttribute("aria-pressed") !== "true") toggle(button);
    });
    document.querySelectorAll("[data-chart]").forEach((node) => { if (!node.hidden) draw(node); });
  }

  /* --- The same figures as a table --------------------------------------------------------------- */
  function cell(row, text, kind) {
    const node = document.createElement(kind);
    node.textContent = text ?? "–";
    if (kind === "td") node.className = "num";
    else node.scope = row.parentElement?.tagName === "THEAD" ? "col" : "row";
    row.append(node);
  }
  function fill(section, heads, rows) {
    rows.forEach((values) => {
      const row = section.insertRow();
      values.forEach((value, index) => cell(row, value, heads || index === 0 ? "th" : "td"));
    });
  }
  function tableOf(spec, caption) {
    const table = document.createElement("table");
    table.className = "c-table";
    table.createCaption().textContent = caption || "";
    table.caption.className = "visually-hidden";
    if (spec.kind === "heat") {
      fill(table.createTHead(), true, [["", ...spec.labels]]);
      const at = new Map(spec.data.map(([x, y, n]) => [`${x} ${y}`, n]));
      fill(table.createTBody(), false, spec.rows.map((name, y) => [name, ...spec.labels.map((_label, x) => at.get(`${x} ${y}`))]));
    } else {
      fill(table.createTHead(), true, [["", ...spec.series.map((series) => series.name)]]);
      fill(table.createTBody(), false, spec.labels.map((label, index) => [label, ...spec.series.map((series) => series.data[index])]));
    }
    return table;
  }
  function toggle(button) {
    const node = document.getElementById(button.dataset.chartTable);
    if (!node) return;
    const shown = node.nextElementSibling?.matches(".c-chart-table") ? node.nextElementSibling : null;
    if (shown) {
      shown.remove();
      asTable.delete(node.id);
      node.hidden = false;
      draw(node);
    } else {
      const box = document.createElement("div");
      box.className = "c-chart-table c-scroll-x";
      box.tabIndex = 0;
      box.append(tableOf(specOf(node), node.getAttribute("aria-label")));
      asTable.add(node.id);
      node.hidden = true;
      node.after(box);
    }
    const label = word(shown ? "as_table" : "as_chart");
    button.setAttribute("aria-pressed", String(!shown));
    if (button.querySelector("i")) button.setAttribute("aria-label", label);
    else button.textContent = label;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chart-table]");
    if (button) toggle(button);
  });
  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("themechange", drawAll);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.querySelector?.("[data-chart]") || event.detail.elt.matches?.("[data-chart]")) drawAll();
  });
  let resizing = 0;
  window.addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => made.forEach((chart) => chart.resize()), 120);
  });
})();
