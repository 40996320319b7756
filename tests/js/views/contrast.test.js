// Text contrast (WCAG 2.2, relative luminance) of every mood in both schemes, out of the stylesheet's own figures.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const MIN_CONTRAST = 4.5;
const MIN_HERO_CONTRAST = 5;
/** WCAG 2.2, 1.4.11: what is not text. */
const MIN_OUTLINE_CONTRAST = 3;

const css = readFileSync(new URL("../../../static/page.css", import.meta.url), "utf8");
const { emotions } = JSON.parse(readFileSync(new URL("../../../emotion_params.json", import.meta.url), "utf8"));

/** The variables of the n-th `:root` block: 0 light, 1 dark. */
function variables(block) {
  const blocks = [...css.matchAll(/:root \{([^}]*)\}/g)].map((match) => match[1]);
  return Object.fromEntries([...blocks[block].matchAll(/--([\w-]+):\s*([^;]+);/g)].map((match) => [match[1], match[2]]));
}

const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255);
const mix = (one, share, other) => one.map((value, i) => value * share + other[i] * (1 - share));

function luminance(colour) {
  const [red, green, blue] = colour.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test("the formula gives the two known ends", () => {
  assert.equal(contrast(channels("#000000"), channels("#ffffff")), 21);
  assert.equal(contrast(channels("#777777"), channels("#777777")), 1);
});

for (const [block, scheme] of ["light", "dark"].entries()) {
  const own = variables(block);
  const share = Number(own.wash.match(/var\(--glow\) (\d+)%/)[1]) / 100;
  const [least, more] = own.hero.match(/calc\((\d+)% \+ (\d+)%/).slice(1).map((percent) => Number(percent) / 100);
  for (const [name, { colour }] of Object.entries(emotions)) {
    test(`${name} can be read on ${scheme} pages`, () => {
      const wash = mix(channels(colour.glow), share, channels(own.paper));
      const accent = channels(colour[scheme]);
      const pairs = {
        "text on the wash": [channels(own.ink), wash],
        "soft text on the wash": [channels(own["ink-soft"]), wash],
        "soft text on a card": [channels(own["ink-soft"]), channels(own.card)],
        "a link on a card": [accent, channels(own.card)],
        "a tile's words": [channels(variables(0)["on-tile"]), channels(colour.glow)],
        "a button's words": [channels(own["on-accent"]), accent],
      };
      for (const sure of [0, 1]) {
        const ground = mix(channels(colour.glow), least + more * sure, channels(own.paper));
        pairs[`words on the mood's colour, ${sure * 100} % sure`] = [channels(own["on-hero"] === "var(--ink)" ? own.ink : own["on-hero"]), ground];
      }
      for (const [what, [text, ground]] of Object.entries(pairs)) {
        const got = contrast(text, ground);
        assert.ok(got >= (what.startsWith("words on") ? MIN_HERO_CONTRAST : MIN_CONTRAST), `${what}: expected at least ${MIN_CONTRAST}, got ${got.toFixed(2)}`);
      }
    });
    test(`${name}'s bar and dot have an outline that one sees on ${scheme} pages`, () => {
      const outline = mix(channels(colour.glow), 0.5, channels(own.ink));
      for (const ground of [own.card, own.paper]) {
        assert.ok(contrast(outline, channels(ground)) >= MIN_OUTLINE_CONTRAST);
      }
    });
  }
}

test("the outlines are as mixed as this test takes them", () => {
  assert.equal(css.match(/inset 0 0 0 1\.5px color-mix\(in srgb, var\(--own\) 50%, var\(--ink\)\)/g)?.length, 2);
});
