/**
 * The mood line: seven curves, and beneath them the moods that held. Drawn by uPlot, which is fetched when first needed.
 */

const HEIGHT_PX = 200;
/** A shorter line is not stretched over the whole width. */
const MIN_SPAN_S = 30;
/** Height of the strip of moods, CSS pixels. */
const STRIP_PX = 8;

export class MoodChart {
  #element;
  #emotions;
  #colours;
  /** @type {import("uplot")|null} */ #chart = null;
  /** @type {Promise<void>|null} */ #loading = null;
  /** @type {import("../types.js").Sample[]} */ #samples = [];

  /**
   * @param {HTMLElement} element
   * @param {import("../types.js").Emotion[]} emotions
   */
  constructor(element, emotions) {
    this.#element = element;
    this.#emotions = emotions;
    this.#colours = new Map(emotions.map((emotion) => [emotion.name, emotion.colour.glow]));
  }

  /**
   * @param {import("../types.js").Sample[]} samples oldest first
   * @param {string} summary what the picture shows, in words
   */
  async update(samples, summary) {
    this.#samples = samples;
    this.#element.setAttribute("aria-label", summary);
    this.#loading ??= this.#load();
    await this.#loading;
    this.#chart?.setData(columns(this.#samples, this.#emotions.length));
  }

  /** @returns {Promise<Blob|null>} the chart as PNG on the page's background, with a legend */
  async png() {
    const chart = this.#chart;
    if (!chart) {
      return null;
    }
    const source = chart.ctx.canvas;
    const scale = source.width / chart.width;
    const head = 36 * scale;
    const canvas = document.createElement("canvas");
    canvas.width = source.width;
    canvas.height = source.height + head;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const style = getComputedStyle(this.#element);
    context.fillStyle = style.backgroundColor;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.font = `${12 * scale}px ${style.fontFamily}`;
    context.textBaseline = "middle";
    let x = 16 * scale;
    for (const emotion of this.#emotions) {
      context.fillStyle = emotion.colour.glow;
      context.beginPath();
      context.arc(x, head / 2, 4 * scale, 0, 2 * Math.PI);
      context.fill();
      context.fillStyle = style.color;
      context.fillText(emotion.label, x + 8 * scale, head / 2);
      x += context.measureText(emotion.label).width + 26 * scale;
    }
    context.drawImage(source, 0, head);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }

  async #load() {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = new URL("../../vendor/uPlot.min.css", import.meta.url).href;
    document.head.append(sheet);
    const { default: Chart } = await import("../../vendor/uPlot.esm.js");
    const data = columns(this.#samples, this.#emotions.length);
    this.#chart = new Chart(this.#options(Chart), data, this.#element);
    new ResizeObserver(() => this.#chart?.setSize({ width: this.#element.clientWidth, height: HEIGHT_PX })).observe(this.#element);
  }

  /** @param {typeof import("uplot")} Chart @returns {import("uplot").Options} */
  #options(Chart) {
    const spline = Chart.paths.spline?.();
    const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });
    return {
      width: this.#element.clientWidth,
      height: HEIGHT_PX,
      padding: [14, 30, 0, 30], // a time of day is drawn whole at either end
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { range: (_, first, last) => [first, Math.max(last, first + MIN_SPAN_S)] }, y: { range: [0, 1] } },
      axes: [
        {
          // Read at every drawing: the colour scheme may have changed.
          stroke: () => getComputedStyle(this.#element).color,
          grid: { show: false },
          ticks: { show: false },
          size: 44,
          gap: STRIP_PX + 8,
          space: 90,
          incrs: [60, 120, 300],
          values: (_, splits) => splits.map((at_s) => clock.format(at_s * 1000)),
        },
        { show: false },
      ],
      series: [
        {},
        ...this.#emotions.map((emotion) => ({
          stroke: emotion.colour.glow,
          fill: `${emotion.colour.glow}1f`,
          width: 2,
          paths: spline,
          points: { show: false },
        })),
      ],
      hooks: { draw: [(chart) => this.#drawMoods(chart)] },
    };
  }

  /** @param {import("uplot")} chart */
  #drawMoods(chart) {
    const scale = chart.ctx.canvas.width / chart.width;
    const top = chart.bbox.top + chart.bbox.height + 2 * scale;
    this.#samples.forEach(({ at_ms, mood }, i) => {
      const next = this.#samples[i + 1];
      if (!mood || !next) {
        return;
      }
      const left = chart.valToPos(at_ms / 1000, "x", true);
      const right = chart.valToPos(next.at_ms / 1000, "x", true);
      chart.ctx.fillStyle = this.#colours.get(mood) ?? "transparent";
      chart.ctx.fillRect(left, top, right - left + 1, STRIP_PX * scale * 0.75);
    });
  }
}

/**
 * @param {import("../types.js").Sample[]} samples
 * @param {number} count of emotions
 * @returns {import("uplot").AlignedData} seconds, then one column for each emotion
 */
export function columns(samples, count) {
  const times = samples.map((sample) => sample.at_ms / 1000);
  const curves = Array.from({ length: count }, (_, i) => samples.map((sample) => sample.probabilities?.[i] ?? null));
  return /** @type {import("uplot").AlignedData} */ ([times, ...curves]);
}
