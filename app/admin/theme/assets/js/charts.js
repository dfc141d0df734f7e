// Charts are drawn from the tables that stand below them, so both always say the same.
import { each } from "./dom.js";

const root = document.documentElement;

function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = window.getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function read(table) {
  const [, ...names] = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const lines = [...table.tBodies[0].rows].map((row) => [...row.cells]);
  return {
    labels: lines.map(([label]) => label.textContent),
    series: names.map((name, at) => ({
      name,
      links: lines.map((cells) => cells[at + 1].querySelector("a")),
    })),
  };
}

function values(links) {
  return links.map((link) => (link ? Number(link.dataset.value) : null));
}

function options({ labels, series }) {
  const text = { color: colour("--hn-muted") };
  const [now, ago] = series;
  return {
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    color: [colour("--hn-accent-fill"), colour("--hn-muted")],
    textStyle: { fontFamily: window.getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 8, top: 36, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, textStyle: text },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true },
    xAxis: { type: "category", data: labels, axisLabel: text, axisTick: { show: false } },
    yAxis: {
      type: "value",
      minInterval: 1,
      axisLabel: text,
      splitLine: { lineStyle: { color: colour("--hn-line") } },
    },
    series: [
      { name: now.name, type: "bar", barMaxWidth: 24, data: values(now.links) },
      { name: ago.name, type: "line", symbolSize: 5, data: values(ago.links) },
    ],
  };
}

function draw(box) {
  const table = box.closest("[data-card-body]").querySelector("[data-chart-table]");
  if (!window.echarts || !table) return;
  const content = read(table);
  const chart = window.echarts.init(box);
  const paint = () => chart.setOption(options(content));
  chart.on("click", ({ seriesIndex, dataIndex }) => {
    content.series[seriesIndex].links[dataIndex]?.click();
  });
  const looks = new MutationObserver(paint);
  const sizes = new ResizeObserver(() => {
    if (box.isConnected) return chart.resize();
    looks.disconnect(); // the card holds another chart now
    sizes.disconnect();
    return chart.dispose();
  });
  looks.observe(root, { attributeFilter: ["data-bs-theme"] });
  sizes.observe(box);
  paint();
}

export function drawCharts(place) {
  each(place, "[data-chart]", draw);
}

// The chart as it is seen, on the page's own ground.
export function savePicture(card) {
  const box = card.querySelector("[data-chart]");
  const chart = box && window.echarts?.getInstanceByDom(box);
  if (!chart) return;
  const link = document.createElement("a");
  link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: colour("--hn-surface") });
  link.download = `${card.dataset.card}.png`;
  link.click();
}
