/** The report's charts, drawn as SVG when the page is made, so that the page needs no script. */
import { init, type EChartsOption } from "echarts";

import { type Axis, axisFromZero } from "./axis";

export interface Point {
  readonly label: string;
  /** Null leaves a gap. */
  readonly value: number | null;
  /** Drawn larger, in another colour. */
  readonly isRemarkable?: boolean;
}

/** The width of a phone, so that charts don't shrink there. Two or three fit side by side on a larger screen. */
const WIDTH = 340;
const HEIGHT = 190;

/** With more points than this, they are drawn smaller. */
const MANY_POINTS = 26;

/** The page's own colours, which differ between light, dark and print. */
const ink = { line: "var(--accent)", down: "var(--down)", axis: "var(--rule)", text: "var(--muted)" };

const text = { color: ink.text, fontSize: 11, fontFamily: "inherit" };
const common: EChartsOption = { animation: false, textStyle: text };

/** A figure over the months. */
export function lineChart(points: readonly Point[], axis: Axis): string {
  const isDense = points.length > MANY_POINTS;
  return draw(HEIGHT, {
    ...common,
    grid: { left: 4, right: 12, top: 12, bottom: 4, containLabel: true },
    xAxis: categories(points),
    yAxis: values(axis),
    series: [
      {
        type: "line",
        silent: true,
        data: points.map(({ value, isRemarkable = false }) => ({
          value,
          symbolSize: isRemarkable ? 9 : isDense ? 3 : 6,
          itemStyle: { color: isRemarkable ? ink.down : ink.line, borderWidth: 0 },
        })),
        showAllSymbol: true,
        symbol: "circle",
        lineStyle: { color: ink.line, width: 2 },
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
    yAxis: values(axisFromZero(known(points))),
    series: [
      {
        type: "bar",
        silent: true,
        barCategoryGap: "35%",
        barMaxWidth: 28,
        data: points.map(({ value, isRemarkable = false }) => ({
          value,
          itemStyle: { color: isRemarkable ? ink.down : ink.line },
        })),
      },
    ],
  });
}

/** Positive and negative changes in percent, the first at the top. */
export function changeChart(points: readonly Point[]): string {
  const axis = axisFromZero(known(points));
  return draw(24 * points.length + 40, {
    ...common,
    grid: { left: 4, right: 16, top: 4, bottom: 4, containLabel: true },
    xAxis: values({ ...axis, format: (value) => `${axis.format(value)} %` }),
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

/** The values that are drawn. */
export function known(points: readonly Point[]): number[] {
  return points.flatMap(({ value }) => (value === null ? [] : [value]));
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

function values({ min, max, interval, format }: Axis) {
  return {
    type: "value" as const,
    ...{ min, max, interval },
    splitLine: { lineStyle: { color: ink.axis, opacity: 0.6 } },
    axisLabel: { ...text, formatter: format, hideOverlap: true },
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
