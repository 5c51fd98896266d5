/** States of the lab's page, for tests and for looking at it. */

const folder = '/home/ada/projects/kitchen-helper';
const models = [
  { id: 'qwen2.5-coder-1.5b-instruct', title: 'Qwen2.5-Coder 1.5B Instruct', fileBytes: 1_117_320_768 },
  { id: 'smollm2-135m-instruct', title: 'SmolLM2 135M Instruct', fileBytes: 105_454_432 },
];

const project = (more = {}) => ({
  version: 1,
  title: 'Kitchen helper',
  base: 'smollm2-135m-instruct',
  records: [],
  curate: { dropSources: [], dropRecommended: false, dropIds: [], validShare: 0.05 },
  train: { preset: 'laptop' },
  quantization: 'Q4_K_M',
  seed: 42,
  ...more,
});

const names = ['collect', 'curate', 'train', 'release', 'evaluate'];
const steps = (statuses, seconds = []) =>
  statuses.map((status, index) => ({ name: names[index], status, seconds: seconds[index] }));

const state = (lab, more = {}) => ({
  trusted: true,
  folder,
  lab: { folder, ...lab },
  models,
  inUse: false,
  ...more,
});

const chosen = project({
  curate: { dropSources: ['trivia'], dropRecommended: false, dropIds: [], validShare: 0.05 },
  records: [
    'answers/answers-00001.jsonl',
    'answers/answers-00002.jsonl',
    '/home/ada/downloads/cooking/recipes.parquet',
  ],
  tasks: 'tasks.jsonl',
  questions: {
    files: ['questions.txt'],
    code: ['/home/ada/projects/kitchen-web/src'],
    teacher: 'qwen2.5-coder-1.5b-instruct',
    limit: 200,
    maxTokens: 512,
    temperature: 0.3,
  },
});

const collected = { answers: 398, questions: 400 };

const curation = {
  records: 12_480,
  train: 7_061,
  valid: 372,
  funnel: [
    { step: 'read', dropped: 0, left: 12_480 },
    { step: 'malformed', dropped: 318, left: 12_162 },
    { step: 'refusals', dropped: 207, left: 11_955 },
    { step: 'length', dropped: 96, left: 11_859 },
    { step: 'secrets', dropped: 0, left: 11_859 },
    { step: 'personal', dropped: 0, left: 11_859 },
    { step: 'leaks', dropped: 11, left: 11_848 },
    { step: 'sources', dropped: 2_904, left: 8_944 },
    { step: 'duplicates', dropped: 1_511, left: 7_433 },
  ],
  sources: [
    source('recipes', 8_002, 61, 0.02, 0.97),
    source('trivia', 2_904, 2, 0.91, 0.12, { recommendDrop: true, dropped: true }),
    source('questions.txt', 1_176, 118, 0, 1),
    source('kitchen-web', 398, 143, 0, 1),
  ],
  redacted: 23,
  map: `${folder}/curate/3f2a90c1/map.json`,
};

/** A map with a cloud for each source. */
export const dataMap = {
  records: 12_480,
  sources: curation.sources.map(({ source: name }) => name),
  fates: ['train', 'valid', 'sources', 'duplicates/near'],
  points: Array.from({ length: 700 }, (_, index) => {
    const [source, turn] = [index % 4, index * 2.4];
    const reach = 0.16 * Math.sqrt((index % 175) / 175);
    return {
      id: `record-${index}`,
      x: [0.3, 0.75, 0.6, 0.25][source] + reach * Math.cos(turn),
      y: [0.3, 0.25, 0.72, 0.75][source] + reach * Math.sin(turn),
      source,
      fate: source === 1 ? 2 : index % 19 === 0 ? 3 : index % 23 === 0 ? 1 : 0,
      family: index % 19 === 0 ? 2 : 1,
      question: `Question ${index}`,
      answer: `Answer ${index}`,
    };
  }),
};

function source(name, records, medianAnswerWords, shortShare, uniqueRatio, more = {}) {
  return {
    source: name,
    records,
    medianAnswerWords,
    shortShare,
    uniqueRatio,
    recommendDrop: false,
    dropped: false,
    ...more,
  };
}

/** A curve as training draws it, the same each time. */
function points(count) {
  let seed = 7;
  const noise = () => ((seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647 - 0.5) * 0.3;
  return Array.from({ length: count }, (_, index) => index + 1).flatMap((step) => {
    const loss = 1.38 + 1.05 * Math.exp(-step / 130) + noise();
    return step % 110 === 0 || step === 1
      ? [
          { step, loss },
          { step, validLoss: 1.44 + 0.92 * Math.exp(-step / 140) },
        ]
      : [{ step, loss }];
  });
}

const training = (done, more = {}) => ({
  points: points(done),
  steps: 882,
  samples: 7_061,
  tokens: 1_204_118,
  firstValidLoss: 2.354,
  validLoss: 1.446,
  stoppedEarly: false,
  ...more,
});

const comparison = {
  metric: 'gt-ppl',
  unit: 'perplexity',
  tasks: 252,
  medians: [11.93, 7.42],
  means: [24.1, 15.8],
  histograms: [
    [101, 60, 16, 8, 4, 6, 7, 2, 3, 45],
    [130, 61, 18, 8, 6, 3, 3, 3, 1, 19],
  ],
  range: [0, 100],
  wins: 171,
  ties: 9,
  losses: 72,
  p: 1.2e-9,
  answers: [
    {
      question: 'How do I keep basil fresh for a week?',
      before:
        'Basil is a plant. You can keep basil fresh by keeping it fresh. Basil is a plant that is used in cooking and it is used in cooking <img src=x onerror=alert(1)>',
      after:
        'Cut the stems and put them into a glass with two fingers of water, as you would flowers. Cover the leaves loosely with a bag and leave the glass at room temperature: in the refrigerator the leaves turn black.\n\nChange the water every two days.',
    },
    { question: 'What can I use instead of buttermilk?', before: 'Milk.', after: 'Milk with a spoon of lemon juice.' },
    { question: 'Convert 350 °F.', before: '350 °F is 350 °C.', after: '350 °F is about 175 °C.' },
  ],
};

const release = { path: `${folder}/release/kitchen-helper-q4_k_m.gguf`, bytes: 105_480_000, quantization: 'Q4_K_M' };

export const noProject = { trusted: true, models, inUse: false };

export const restricted = { trusted: false, inUse: false };

export const notFound = {
  trusted: true,
  folder: '/home/ada/projects/kitchen-web',
  error: { code: 'notFound', message: 'There is no lab.json.' },
  models,
  inUse: false,
};

export const empty = state({
  project: project(),
  steps: steps(['off', 'waiting', 'waiting', 'waiting', 'waiting']),
});

export const chosenData = state({
  project: chosen,
  steps: steps(['waiting', 'waiting', 'waiting', 'waiting', 'waiting']),
});

export const running = state(
  {
    project: chosen,
    steps: steps(['done', 'done', 'running', 'waiting', 'waiting'], [1_840, 12, 1_210]),
    collected,
    curation,
    training: { points: points(412), stoppedEarly: false },
  },
  {
    run: {
      stopping: false,
      paused: false,
      progress: {
        step: 'train',
        words: 'step 412 of 882, 187 tokens per second',
        fraction: 0.467,
        remainingSeconds: 1_420,
      },
    },
  },
);

export const failed = state(
  {
    project: chosen,
    steps: steps(['done', 'done', 'begun', 'waiting', 'waiting'], [1_840, 12, 1_210]),
    collected,
    curation,
    training: { points: points(412), stoppedEarly: false },
  },
  {
    error: {
      code: 'engineStopped',
      message: 'The process of the lab stopped unexpectedly. What is done is kept: continue.',
      step: 'train',
    },
  },
);

export const done = state({
  project: chosen,
  steps: steps(['done', 'done', 'done', 'done', 'done'], [1_840, 12, 2_630, 9, 214]),
  collected,
  curation,
  training: training(882),
  release,
  comparison,
  report: `${folder}/report.html`,
});
