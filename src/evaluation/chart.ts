/** Draws the main metric of each model as a bar with its interval, in colours that suit light and dark pages. */

import type { EvaluationReport } from "./report.ts";
import { MAIN_METRIC } from "./tables.ts";

const WIDTH = 720;
const LABEL_WIDTH = 210;
const VALUE_WIDTH = 70;
const ROW_HEIGHT = 34;
const BAR_HEIGHT = 18;
const HEAD_HEIGHT = 46;
const WHISKER_HEIGHT = 10;
const PLOT_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH;

const TEXT = "#8a8f98";
const BAR = "#4c8bd9";
const WHISKER = "#d9902f";

/** An SVG document. */
export function asChart({ rows, protocol, n_events, n_users }: EvaluationReport): string {
  const bars = rows.filter(({ metric }) => metric === MAIN_METRIC);
  const longest = Math.max(...bars.map(({ value, ci_high }) => ci_high ?? value));
  const x = (value: number) => LABEL_WIDTH + (longest > 0 ? (value / longest) * PLOT_WIDTH : 0);
  const height = HEAD_HEIGHT + bars.length * ROW_HEIGHT + 8;
  const drawn = bars.map(({ model, value, ci_low, ci_high }, place) => {
    const middle = HEAD_HEIGHT + place * ROW_HEIGHT + ROW_HEIGHT / 2;
    return [
      label(LABEL_WIDTH - 10, middle, model, "end"),
      `<rect x="${LABEL_WIDTH}" y="${middle - BAR_HEIGHT / 2}" width="${round(x(value) - LABEL_WIDTH)}" height="${BAR_HEIGHT}" rx="2" fill="${BAR}"/>`,
      ...(ci_low === null || ci_high === null ? [] : [whisker(x(ci_low), x(ci_high), middle)]),
      label(WIDTH - VALUE_WIDTH + 10, middle, value.toFixed(4), "start"),
    ].join("\n");
  });
  const title = `${MAIN_METRIC} with 95 % interval, protocol ${protocol}: ${n_events} events of ${n_users} users`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="14">
<title>${title}</title>
${label(10, 22, title, "start")}
${drawn.join("\n")}
</svg>
`;
}

const label = (x: number, y: number, text: string, anchor: "start" | "end") =>
  `<text x="${x}" y="${y}" fill="${TEXT}" text-anchor="${anchor}" dominant-baseline="middle">${escaped(text)}</text>`;

/** A line from `low` to `high` with a stroke at each end. */
function whisker(low: number, high: number, middle: number): string {
  const [left, right] = [round(low), round(high)];
  const [top, bottom] = [middle - WHISKER_HEIGHT / 2, middle + WHISKER_HEIGHT / 2];
  const path = `M${left} ${middle}H${right}M${left} ${top}V${bottom}M${right} ${top}V${bottom}`;
  return `<path d="${path}" stroke="${WHISKER}" stroke-width="2" fill="none"/>`;
}

const round = (value: number) => Math.round(value * 100) / 100;

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
