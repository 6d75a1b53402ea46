/**
 * A reward for recipes/arithmetic.yaml: the share of an answer's digits that are right, counted from the last one.
 *
 * @type {import('tslm').Reward}
 */
export default (_prompt, completion, { answer }) => {
  const length = Math.max(String(answer).length, completion.length);
  const [said, wanted] = [completion, String(answer)].map(text => text.padStart(length));
  return [...wanted].filter((digit, i) => digit === said[i]).length / length;
};
