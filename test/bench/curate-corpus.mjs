/**
 * Records for testing the curation, made from nothing but a seed: clean ones, each defect planted on purpose with its
 * truth beside it, a diverse source and one like P3. Files of real data may lend their instructions and answers.
 */

/** Numbers in [0, 1), the same in every run. */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x45d9f3b);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 2 ** 32;
  };
}

/** Similarity of two records by the definition, on strings: the measure that the program's own is checked with. */
export function trueJaccard(a, b) {
  const [left, right] = [shingles(a), shingles(b)];
  let common = 0;
  for (const shingle of left) if (right.has(shingle)) common++;
  return common / (left.size + right.size - common);
}

function shingles({ prompt, response }) {
  const words = `${prompt}\n${response}`.toLowerCase().match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  return new Set(Array.from({ length: Math.max(1, words.length - 4) }, (_, at) => words.slice(at, at + 5).join(' ')));
}

export class Corpus {
  /** `lent`: instructions that real seeds lend to the prompts. */
  constructor({ seed = 1, lent = [] } = {}) {
    this.random = randomNumbers(seed);
    this.lent = lent;
    this.count = 0;
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  between(least, most) {
    return least + Math.floor(this.random() * (most - least + 1));
  }

  /** Frequent words come often, as in a language. */
  word() {
    const place = this.random();
    return place < 0.4 ? this.pick(small) : vocabulary[Math.floor(this.random() ** 2 * vocabulary.length)];
  }

  sentence(least = 7, most = 16) {
    const words = Array.from({ length: this.between(least, most) }, () => this.word());
    // It ends with a noun, as sentences do, and not with "the".
    words.push(this.pick(vocabulary));
    const text = words.join(' ');
    return `${text[0].toUpperCase()}${text.slice(1)}${this.random() < 0.1 ? '?' : '.'}`;
  }

  paragraph(least, most) {
    return Array.from({ length: this.between(least, most) }, () => this.sentence()).join(' ');
  }

  /** A record without a defect, different from all others. */
  clean(source = 'answers') {
    this.count++;
    const instruction = this.lent.length > 0 && this.random() < 0.5 ? this.pick(this.lent) : this.sentence(8, 14);
    const answer = this.paragraph(3, 7);
    return {
      prompt: `${instruction}\n\n${this.paragraph(2, 4)}`,
      response: this.random() < 0.2 ? `${answer}\n\n- ${this.word()}\n- ${this.word()}` : answer,
      source,
    };
  }

  /** As templates over passages make them: long prompts that are alike, and one of a few short answers. */
  templated(source = 'templates') {
    const template = this.pick(templates);
    return { prompt: template.replace('@', this.paragraph(4, 8)), response: this.pick(labels), source };
  }

  /** The record with words replaced until its similarity to the original is just in the range. */
  similar(record, least, most) {
    const words = record.response.split(' ');
    for (;;) {
      const at = this.between(0, words.length - 1);
      words[at] = words[at].replace(/[\p{L}]+/u, () => this.pick(vocabulary));
      const copy = { ...record, response: words.join(' ') };
      const similarity = trueJaccard(record, copy);
      if (similarity < least) return this.similar(record, least, most);
      if (similarity <= most) return copy;
    }
  }
}

/** Texts of an evaluation set: questions of several lengths with answers. */
export function makeEvaluation(corpus, count) {
  return Array.from({ length: count }, (_, index) => ({
    prompt: index % 5 === 0 ? corpus.sentence(5, 8) : `${corpus.sentence(12, 18)}\n\n${corpus.paragraph(1, 3)}`,
    response: corpus.paragraph(1, 3),
  }));
}

/**
 * `each` records of every defect and of every look-alike, shuffled. An entry is `{record, defect, partner?}`; `defect`
 * is
 * the reason that must be found, or `clean`; two records of one `partner` are a pair of duplicates.
 */
export function plantDefects(corpus, each, evaluation) {
  const entries = [];
  const add = (defect, record, partner) => entries.push({ defect, record, partner });
  for (let index = 0; index < each; index++) {
    add('clean', corpus.clean());
    for (const [defect, spoil] of Object.entries(defects)) add(defect, spoil(corpus, corpus.clean(), index));
    add('leaks', leak(corpus, corpus.clean(), evaluation[index % evaluation.length], index));
    add('clean', lookAlike(corpus, corpus.clean(), index));
    for (const [name, [least, most]] of Object.entries(similarities)) {
      const record = corpus.clean();
      const copy =
        name === 'exact'
          ? { ...record, response: ` ${record.response.replace('. ', '.  ')}\n` }
          : corpus.similar(record, least, most);
      add(name, record, `${name}-${index}`);
      add(name, copy, `${name}-${index}`);
    }
  }
  for (let at = entries.length - 1; at > 0; at--) {
    const other = corpus.between(0, at);
    [entries[at], entries[other]] = [entries[other], entries[at]];
  }
  return entries;
}

/** Recall and precision of every defect, from the attributes that the program wrote, in the order of the entries. */
export function score(entries, attributes) {
  const rows = [];
  const has = (index, reason) =>
    attributes[index].reasons.includes(reason) || attributes[index].notes.includes(noteOf[reason] ?? '');
  for (const reason of [...Object.keys(defects), 'leaks']) {
    const group = reason.split('/')[0];
    let planted = 0;
    let found = 0;
    let wrong = 0;
    entries.forEach(({ defect }, index) => {
      if (defect === reason) planted++;
      if (!has(index, reason)) return;
      if (defect === reason) found++;
      // A loop may be cut off too: only what has no defect of the kind is wrong.
      else if (!defect.startsWith(group)) wrong++;
    });
    rows.push({
      defect: reason,
      planted,
      recall: found / planted,
      precision: found + wrong === 0 ? 1 : found / (found + wrong),
    });
  }
  return [...rows, ...scorePairs(entries, attributes)];
}

function scorePairs(entries, attributes) {
  const pairs = new Map();
  let flagged = 0;
  let right = 0;
  entries.forEach(({ defect, partner }, index) => {
    const dropped = attributes[index].reasons.some((reason) => reason.startsWith('duplicates'));
    if (partner !== undefined) pairs.set(partner, { defect, found: (pairs.get(partner)?.found ?? false) || dropped });
    if (dropped) {
      flagged++;
      if (partner !== undefined && defect !== 'similar 0.6') right++;
    }
  });
  const precision = flagged === 0 ? 1 : right / flagged;
  return Object.keys(similarities).map((name) => {
    const found = [...pairs.values()].filter(({ defect }) => defect === name);
    const share = found.filter((pair) => pair.found).length / found.length;
    // At 0.6 finding is the mistake.
    const recall = name === 'similar 0.6' ? 1 - share : share;
    return { defect: name === 'similar 0.6' ? 'similar 0.6 (kept)' : name, planted: found.length, recall, precision };
  });
}

const noteOf = { secrets: 'has-secret', personal: 'has-personal' };

const similarities = {
  exact: [1, 1],
  'similar 0.95': [0.93, 0.97],
  'similar 0.8': [0.8, 0.83],
  'similar 0.6': [0.55, 0.65],
};

const defects = {
  'malformed/empty': (_, record) => ({ ...record, response: '' }),
  'malformed/too-short': (corpus, record) => ({ ...record, response: corpus.pick(['.', 'x', '?', '7', '-']) }),
  'malformed/encoding': (corpus, record, index) => {
    const at = record.response.indexOf(' ', 20);
    const accents = 'café, naïve, “quoted” – señor';
    const damaged = [
      Buffer.from(accents, 'utf8').toString('latin1'),
      'caf\ufffd na\ufffdve',
      'cafÃ©, naÃ¯ve â€œquotedâ€\u009d',
      `caf\u0000\u0007 ${corpus.word()}`,
    ][index % 4];
    return { ...record, response: `${record.response.slice(0, at)} ${damaged}${record.response.slice(at)}` };
  },
  'malformed/api-error': (corpus, record) => ({ ...record, response: corpus.pick(errorBodies)(corpus) }),
  'malformed/truncated': (corpus, record, index) => {
    const words = corpus.paragraph(3, 6).split(' ');
    if (index % 4 === 0) {
      return { ...record, model_settings: { model: 'any', finish_reason: 'length' }, response: words.join(' ') };
    }
    if (index % 4 === 1) return { ...record, response: `${words.join(' ')}\n\n\`\`\`js\nlet ${corpus.word()} = 1;` };
    // Behind the end of a sentence nobody could tell that more was to come.
    let at = corpus.between(Math.floor(words.length / 2), words.length - 2);
    while (/[.?]$/u.test(words[at]) || /[.?]$/u.test(words[at - 1])) at--;
    return { ...record, response: words.slice(0, at + 1).join(' ') };
  },
  'malformed/echo': (corpus, record, index) => ({
    ...record,
    response: index % 2 === 0 ? record.prompt.toUpperCase() : `${record.prompt}\n${corpus.sentence()}`,
  }),
  'malformed/repetition': (corpus, record, index) => ({
    ...record,
    response: [
      () => `${corpus.sentence()} ${`${corpus.sentence(4, 6)} `.repeat(12)}`,
      () => `${corpus.sentence()}\n${`${corpus.sentence()}\n`.repeat(8)}`,
      () => `${corpus.sentence()} ${`${corpus.word()} `.repeat(80)}`,
      () => {
        const two = [corpus.sentence(), corpus.sentence()];
        return Array.from({ length: 14 }, (_, at) => two[at % 2]).join(' ');
      },
    ][index % 4](),
  }),
  refusals: (corpus, record, index) => ({
    ...record,
    response: `${refusals[index % refusals.length]}${corpus.random() < 0.5 ? ` ${corpus.sentence()}` : ''}`,
  }),
  secrets: (corpus, record, index) => insert(corpus, record, secretKinds[index % secretKinds.length](corpus)),
  personal: (corpus, record, index) => insert(corpus, record, personalKinds[index % personalKinds.length](corpus)),
};

function leak(corpus, record, { prompt, response }, index) {
  const words = prompt.match(/[\p{L}\p{N}\p{M}]+/gu)?.length ?? 0;
  if (words < 12) return { ...record, prompt };
  if (index % 3 === 0) return { ...record, prompt };
  const long = (response.match(/[\p{L}\p{N}\p{M}]+/gu)?.length ?? 0) >= 15;
  return index % 3 === 1 || !long
    ? { ...record, prompt: `${corpus.sentence()} ${prompt} ${corpus.sentence()}` }
    : { ...record, response: `${corpus.sentence()} ${response} ${corpus.sentence()}` };
}

/** What looks like a defect and is none. */
function lookAlike(corpus, record, index) {
  const texts = [
    `The server listens on 192.168.1.${corpus.between(2, 250)} and 10.0.${corpus.between(0, 99)}.1.`,
    `Its digest is ${letters(corpus, 64, '0123456789abcdef')} in hexadecimal.`,
    `Log in as someone@localhost or call 555-01${corpus.between(10, 99)}.`,
    `Version 2.${corpus.between(0, 9)}.${corpus.between(0, 9)}.4 came out in 20${corpus.between(10, 25)}-0${corpus.between(1, 9)}-12.`,
    'Set password: "your-password-goes-here" in the file.',
    `The ISBN is 978-3-16-14841${corpus.between(0, 9)}-0 and the number of parts 4111 1111 1111 111${corpus.between(2, 9)}.`,
    `I'm sorry that I missed your party, but I hope it went well.`,
    `The letter says: I cannot come to the meeting, as my ${corpus.word()} is late.`,
    `const token = readToken(${corpus.word()}); return token;`,
  ];
  return insert(corpus, record, texts[index % texts.length]);
}

function insert(corpus, record, text) {
  const end = record.response.indexOf('. ');
  const at = end === -1 ? 0 : end + 2;
  return { ...record, response: `${record.response.slice(0, at)}${text} ${record.response.slice(at)}` };
}

function letters(corpus, count, alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789') {
  return Array.from({ length: count }, () => alphabet[Math.floor(corpus.random() * alphabet.length)]).join('');
}

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const secretKinds = [
  (corpus) => `The key is AKIA${letters(corpus, 16, upper)}.`,
  (corpus) => `Use ghp_${letters(corpus, 36)} for it.`,
  (corpus) => `Here: sk-proj-${letters(corpus, 48)}`,
  (corpus) => `Here: sk-ant-api03-${letters(corpus, 60)}`,
  (corpus) => `It is xoxb-${letters(corpus, 11, '0123456789')}-${letters(corpus, 24)} there.`,
  (corpus) => `AIza${letters(corpus, 35)} belongs to the map.`,
  (corpus) => `Pay with sk_live_${letters(corpus, 24)} now.`,
  (corpus) => `Login: hf_${letters(corpus, 34)}`,
  (corpus) => `postgres://admin:${letters(corpus, 12)}@db.internal:5432/shop is the address.`,
  (corpus) =>
    `-----BEGIN RSA PRIVATE KEY-----\n${letters(corpus, 64)}\n${letters(corpus, 64)}\n-----END RSA PRIVATE KEY-----`,
  (corpus) => `api_key = "${letters(corpus, 32)}7a"`,
  (corpus) => `Bearer eyJ${letters(corpus, 20)}.eyJ${letters(corpus, 40)}.${letters(corpus, 43)}`,
  (corpus) => `npm_${letters(corpus, 36)} publishes it.`,
];

const personalKinds = [
  (corpus) =>
    `Write to ${corpus.pick(vocabulary)}.${corpus.pick(vocabulary)}@${corpus.pick(vocabulary)}mail.com today.`,
  (corpus) =>
    `The host is ${corpus.between(60, 99)}.${corpus.between(1, 250)}.${corpus.between(1, 250)}.${corpus.between(20, 250)} there.`,
  (corpus) => `Call +49 ${corpus.between(151, 179)} ${corpus.between(2000000, 9876543)} in the evening.`,
  (corpus) =>
    `Call (${corpus.between(212, 989)}) ${corpus.between(220, 499)}-${corpus.between(1000, 9999)} in the evening.`,
  (corpus) => `The card is ${cardNumber(corpus)} until May.`,
  (corpus) => `Transfer it to ${iban(corpus)} this week.`,
];

function cardNumber(corpus) {
  const digits = `4${letters(corpus, 14, '0123456789')}`;
  const sum = digits.split('').reduce((total, digit, at) => {
    const value = at % 2 === 0 ? Number(digit) * 2 : Number(digit);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`.replace(/(.{4})(?=.)/gu, '$1 ');
}

function iban(corpus) {
  const account = letters(corpus, 18, '0123456789');
  const check = 98n - (BigInt(`${account}131400`) % 97n);
  return `DE${String(check).padStart(2, '0')}${account}`.replace(/(.{4})(?=.)/gu, '$1 ');
}

const errorBodies = [
  (corpus) =>
    `{"error": {"message": "Rate limit reached for requests ${corpus.word()}", "type": "requests", "code": 429}}`,
  () => 'Error code: 503 - The server is overloaded or not ready yet.',
  () => '<html>\n<head><title>502 Bad Gateway</title></head>\n<body>nginx</body>\n</html>',
  (corpus) => `HTTP 500: ${corpus.sentence()}`,
  () => 'upstream connect error or disconnect/reset before headers. reset reason: connection failure',
  (corpus) => `openai.error.APIError: ${corpus.sentence()}`,
  () => 'The server had an error while processing your request. Sorry about that!',
  () => 'Rate limit exceeded, please try again later.',
  () => '{"detail": "Internal Server Error"}',
];

const refusals = [
  "I'm sorry, but I cannot fulfill this request.",
  "I'm sorry, but I can't assist with that.",
  'As an AI language model, I do not have personal opinions or beliefs.',
  'I apologize, but I am unable to provide that information.',
  'Unfortunately, I cannot help with this request.',
  'Sorry, I can’t answer that question.',
  "I'm afraid I can't help you with this.",
  'I cannot generate content of this kind.',
  'As a large language model, I am not able to browse the internet.',
  "I'm just an AI language model, so I have no feelings.",
  'I can’t comply with that.',
  'I am not able to provide legal advice.',
  "I'm sorry, as an AI I don't have access to real-time data.",
  'I do not have enough information to answer this question.',
  'It is not appropriate for me to write about this.',
  'I must decline to write this.',
];

const templates = [
  'Read the review and decide what its author feels.\n\n@\n\nIs it positive or negative?',
  'Passage: @\n\nQuestion: does the passage answer what was asked? Yes or no?',
  'Given the text below, choose the right topic out of the four.\n@\nA, B, C or D?',
  '@\n\nBased on the paragraph above, is the statement true, false or unknown?',
  'What does the writer think of the product? They loved it or they hated it.\n@',
];
const labels =
  'positive,negative,Yes,No,yes,no,true,false,unknown,They loved it,They hated it,Sports,World,Business'.split(',');

const small =
  'the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so up said what its about than into them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many off before must well back through years much where your way down should because long each just state those people too mr how little good world make very year still see own work men day get here between both being under three never know same last another while us might great go come since against right came take used himself few house use place during high without again home around small however found thought went say part once'.split(
    ' ',
  );

const vocabulary = makeVocabulary(6000);

/** Words of no language, so that nothing of anybody's is in them. */
function makeVocabulary(count) {
  const random = randomNumbers(7);
  const onsets = 'b c d f g h k l m n p r s t v br cl dr fl gr pl st tr sh th'.split(' ');
  const vowels = 'a e i o u ai ea io ou'.split(' ');
  const codas = ['', '', 'n', 'r', 's', 't', 'l', 'm', 'nd', 'st', 'rk'];
  const words = new Set();
  const pick = (list) => list[Math.floor(random() * list.length)];
  while (words.size < count) {
    const syllables = 2 + Math.floor(random() * 2);
    words.add(Array.from({ length: syllables }, () => pick(onsets) + pick(vowels) + pick(codas)).join(''));
  }
  return [...words];
}
