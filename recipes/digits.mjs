/**
 * A reward for recipes/arithmetic.yaml: the share of an answer's digits that are right, in the order in which they are written.
 *
 * @type {import('tslm/objectives').Reward}
 */
export default (_prompt, completion, { answer }) => {
  const length = Math.max(answer.length, completion.length);
  return [...answer].filter((digit, i) => digit === completion[i]).length / length;
};
