/**
 * Several faces → what they show together, and each one's share of it. The same as
 * feelharmonic/reading/group_expression.py.
 */

/** @typedef {{id: number|null, height: number, score: number, probabilities: number[]|null}} GroupFace */

/** @param {GroupFace[]} faces @returns {{probabilities: number[], shares: {id: number|null, share: number}[]}|null} */
export function groupExpression(faces) {
  const read = faces.flatMap(({ id, height, score, probabilities }) => (probabilities ? [{ id, height, score, probabilities }] : []));
  if (!read.length) {
    return null;
  }
  const weights = read.map(({ height, score, probabilities }) => Math.max(score, 1e-6) * Math.max(height, 1e-6) * Math.max(...probabilities));
  const whole = sum(weights);
  const shares = read.map(({ id }, i) => ({ id, share: weights[i] / whole }));
  const mean = read[0].probabilities.map((_, i) => sum(read.map(({ probabilities }, n) => probabilities[i] * shares[n].share)));
  const total = sum(mean);
  return { probabilities: mean.map((value) => value / total), shares };
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
