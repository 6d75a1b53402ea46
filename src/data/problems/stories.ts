/**
 * Problems told in sentences, English and Chinese: what somebody has after giving and getting (as in SVAMP), and facts of two hops
 * (bAbI's task 2: Weston et al. 2015).
 */
import { type ProblemTask, pick, pickSeveral } from './problem.ts';
import { CITIES, NAMES, THINGS } from './words.ts';

type Language = 'en' | 'zh';

const TOLD = {
  en: {
    has: (who: string, n: number, what: string) => `${who} has ${n} ${what}.`,
    gets: (who: string, n: number) => `${who} gets ${n} more.`,
    gives: (who: string, n: number) => `${who} gives away ${n}.`,
    asks: (who: string, what: string) => `How many ${what} does ${who} have?`,
    at: (who: string, other: string) => `${who} is with ${other}.`,
    in: (who: string, where: string) => `${who} is in ${where}.`,
    where: (who: string) => `Where is ${who}?`,
    gap: ' ',
  },
  zh: {
    has: (who: string, n: number, what: string) => `${who}有${n}${what}。`,
    gets: (who: string, n: number) => `${who}又得到${n}。`,
    gives: (who: string, n: number) => `${who}送出${n}。`,
    asks: (who: string, what: string) => `${who}有多少${what}？`,
    at: (who: string, other: string) => `${who}和${other}在一起。`,
    in: (who: string, where: string) => `${who}在${where}。`,
    where: (who: string) => `${who}在哪里？`,
    gap: '',
  },
};

const wordProblem = (language: Language): ProblemTask => ({
  description: `what somebody has after giving and getting, ${language === 'en' ? 'in English' : 'in Chinese'}`,
  size: { of: 'sentences', default: 3, most: 16 },
  draw(random, size) {
    const told = TOLD[language];
    const who = pick(random, NAMES[language]);
    const what = pick(random, THINGS[language]);
    let have = 10 + random.below(90);
    const sentences = [told.has(who, have, what)];
    const steps: string[] = [];
    for (let i = 0; i < size; i++) {
      const gets = have < 2 || random.below(2) === 1;
      const n = gets ? 1 + random.below(50) : 1 + random.below(have - 1);
      const next = gets ? have + n : have - n;
      sentences.push(gets ? told.gets(who, n) : told.gives(who, n));
      steps.push(`${have}${gets ? '+' : '-'}${n}=${next}`);
      have = next;
    }
    return {
      question: [...sentences, told.asks(who, what)].join(told.gap),
      answer: String(have),
      steps,
      detailed: steps.map((step, i) => `${sentences[i + 1]}${told.gap}${step}`),
    };
  },
});

const twoHop = (language: Language): ProblemTask => ({
  description: `where somebody is who is with somebody, ${language === 'en' ? 'in English' : 'in Chinese'}`,
  size: { of: 'people between', default: 1, most: 8 },
  draw(random, size) {
    const told = TOLD[language];
    const people = pickSeveral(random, NAMES[language], Math.min(size + 3, NAMES[language].length));
    const places = pickSeveral(random, CITIES[language], 2);
    const chain = people.slice(0, size + 1);
    const facts = [
      ...chain.slice(1).map((other, i) => told.at(chain[i], other)),
      told.in(chain.at(-1)!, places[0]),
      // Somebody else is elsewhere: the answer is not the only place that is named.
      told.in(people[size + 1], places[1]),
    ];
    const relevant = facts.slice(0, -1);
    return {
      question: [...random.shuffle([...facts]), told.where(chain[0])].join(told.gap),
      answer: places[0],
      steps: [...chain.slice(1), places[0]],
      detailed: relevant,
    };
  },
});

export const wordProblems = wordProblem('en');
export const wordProblemsZh = wordProblem('zh');
export const twoHops = twoHop('en');
export const twoHopsZh = twoHop('zh');
