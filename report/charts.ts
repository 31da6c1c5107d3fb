/** The report's charts, drawn as SVG when the page is made, so that the page needs no script. */
import { init, type EChartsOption } from "echarts";

export interface Point {
  readonly label: string;
  /** Null leaves a gap. */
  readonly value: number | null;
}

/** The width of a phone, so that charts don't shrink there. Two or three fit side by side on a larger screen. */
const WIDTH = 340;
const HEIGHT = 190;

/** The page's own colours, which differ between light, dark and print. */
const ink = { line: "var(--accent)", down: "var(--down)", axis: "var(--rule)", text: "var(--muted)" };

const text = { color: ink.text, fontSize: 11, fontFamily: "inherit" };
const common: EChartsOption = { animation: false, textStyle: text };
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** A figure over the months. The scale may start above 0. */
export function lineChart(points: readonly Point[]): string {
  return draw(HEIGHT, {
    ...common,
    grid: { left: 4, right: 12, top: 12, bottom: 4, containLabel: true },
    xAxis: categories(points),
    yAxis: { ...values(), scale: true },
    series: [
      {
        type: "line",
        silent: true,
        data: points.map(({ value }) => value),
        showAllSymbol: true,
        symbol: "circle",
        symbolSize: 6,
        lineStyle: { color: ink.line, width: 2 },
        itemStyle: { color: ink.line, borderWidth: 0 },
      },
    ],
  });
}

/** Amounts by month. The scale starts at 0. */
export function columnChart(points: readonly Point[]): string {
  return draw(HEIGHT, {
    ...common,
    grid: { left: 4, right: 12, top: 12, bottom: 4, containLabel: true },
    xAxis: categories(points),
    yAxis: values(),
    series: [
      {
        type: "bar",
        silent: true,
        barCategoryGap: "35%",
        data: points.map(({ value }) => value),
        itemStyle: { color: ink.line },
      },
    ],
  });
}

/** Positive and negative changes, the first at the top. */
export function changeChart(points: readonly Point[]): string {
  return draw(24 * points.length + 40, {
    ...common,
    grid: { left: 4, right: 16, top: 4, bottom: 4, containLabel: true },
    xAxis: { ...values(), axisLabel: { ...text, formatter: "{value} %" } },
    yAxis: {
      type: "category",
      inverse: true,
      data: points.map(({ label }) => label),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...text, interval: 0 },
    },
    series: [
      {
        type: "bar",
        silent: true,
        barWidth: 12,
        data: points.map(({ value }) => ({
          value,
          itemStyle: { color: (value ?? 0) < 0 ? ink.down : ink.line },
        })),
      },
    ],
  });
}

function categories(points: readonly Point[]) {
  return {
    type: "category" as const,
    data: points.map(({ label }) => label),
    axisLine: { lineStyle: { color: ink.axis } },
    axisTick: { show: false },
    axisLabel: { ...text, hideOverlap: true },
  };
}

function values() {
  return {
    type: "value" as const,
    splitNumber: 4,
    splitLine: { lineStyle: { color: ink.axis, opacity: 0.6 } },
    axisLabel: { ...text, formatter: (value: number) => compact.format(value) },
  };
}

function draw(height: number, option: EChartsOption): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption(option);
    // The style sheet is for hover effects, which these charts don't have.
    return chart.renderToSVGString().replaceAll(/<style\s*>.*?<\/style>/gs, "");
  } finally {
    chart.dispose();
  }
}
