/** What `npm run bench` found, in Markdown. Pure, so that it can be tested. */

/** Of one number or more. */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/**
 * @param {{
 *   date: string,
 *   machine: { cpu: string, cores: number, memoryBytes: number, system: string },
 *   versions: Readonly<Record<string, string>>,
 *   threads: number,
 *   models: readonly object[],
 * }} report
 */
export function markdown({ date, machine, versions, threads, models }) {
  const kernels = models[0]?.tests[0]?.quiet.Paddock[0]?.kernels;
  const parts = [
    `# Speed on ${date.slice(0, 10)}`,
    `${machine.cpu}, ${machine.cores} cores, ${gib(machine.memoryBytes)} GiB, ${machine.system}. ${threads} threads, kernels ${kernels}. ${Object.entries(
      versions,
    )
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    'Tokens per second: median (least to most) of rounds in which the engines took turns, each in a process of its own. Decoding starts at the end of the prompt. × is the median of Paddock divided by that of the other.',
    ...models.flatMap(section),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section({ name, fileBytes, loads, tests, sweep, cancel }) {
  return [
    `## ${name} (${(fileBytes / 1e9).toFixed(2)} GB)`,
    comparison(tests, fileBytes),
    ...tests.map(limits),
    loading(loads, fileBytes),
    ...tests.filter(({ busy }) => busy !== undefined).map(besideOthers),
    ...(sweep === undefined ? [] : [threadSweep(sweep)]),
    ...(cancel === undefined ? [] : [cancelling(cancel)]),
  ];
}

function comparison(tests, fileBytes) {
  const head = tests.flatMap(({ prompt, generate }) => [
    `prefill ${prompt}`,
    '×',
    `decode ${generate} after ${prompt}`,
    '×',
  ]);
  const rows = Object.keys(tests[0].quiet).map((engine) => [
    engine,
    ...tests.flatMap(({ quiet }) =>
      ['prefill', 'decode'].flatMap((key) => [
        spread(quiet[engine].map((sample) => sample[key])),
        engine === 'Paddock' ? '' : (middle(quiet.Paddock, key) / middle(quiet[engine], key)).toFixed(2),
      ]),
    ),
    memoryCell(quietPeaks(tests, engine), fileBytes),
  ]);
  return table(['engine', ...head, 'peak memory (× file)'], rows);
}

/** How near Paddock came to what the machine could do in the same moments. */
function limits({ prompt, quiet }) {
  const ours = quiet.Paddock;
  const shares = (key) => spread(ours.map((sample) => sample[key] * 100));
  return (
    `Prompt of ${prompt}: prefill uses ${shares('prefillShare')} % of the int8 peak, ${(middle(ours, 'int8Peak') / 1e9).toFixed(0)} G operations/s at best ` +
    `(tokens/s × 2 × ${(ours[0].layerWeights / 1e6).toFixed(0)} M weights of the layers' matrices; attention is not counted). ` +
    `Decode uses ${shares('decodeShare')} % of what the same threads read between the tokens, ${spread(ours.map((sample) => sample.decodeLimit / 1e9))} GB/s ` +
    `(tokens/s × ${(ours[0].weightBytesPerToken / 1e6).toFixed(0)} MB of weights, and the keys and values).`
  );
}

function loading(loads, fileBytes) {
  const loadMs = middle(loads, 'loadMs');
  return (
    `Loading takes ${seconds(loads, 'loadMs')} s, ${(loadMs / 1000 / (fileBytes / 1e9)).toFixed(2)} s for each GB of the file, with the file in the page cache, and ${seconds(loads, 'loadFirstMs')} s when a host may have yet to give the memory. ` +
    `Touching as much memory takes ${seconds(loads, 'freshMs')} s on one thread, and ${seconds(loads, 'freshFirstMs')} s for the first.`
  );
}

function seconds(samples, key) {
  return spread(
    samples.map((sample) => sample[key] / 1000),
    2,
  );
}

function besideOthers({ prompt, generate, quiet, busy }) {
  const rows = Object.keys(busy).map((engine) => [
    engine,
    ...['prefill', 'decode'].flatMap((key) => [
      spread(busy[engine].map((sample) => sample[key])),
      percent(middle(busy[engine], key) / middle(quiet[engine], key)),
    ]),
  ]);
  return `Beside one busy process per core, and the share of the quiet speed that was kept:\n\n${table(['engine', `prefill ${prompt}`, 'kept', `decode ${generate} after ${prompt}`, 'kept'], rows)}`;
}

function threadSweep(sweep) {
  const base = sweep[0].samples;
  const rows = sweep.map(({ threads, samples }) => [
    String(threads),
    ...['prefill', 'decode'].flatMap((key) => [
      spread(samples.map((sample) => sample[key])),
      (middle(samples, key) / middle(base, key)).toFixed(2),
    ]),
  ]);
  return `Paddock with other numbers of threads, and the gain over the first:\n\n${table(['threads', 'prefill', 'gain', 'decode', 'gain'], rows)}`;
}

function cancelling({ promptTokens, prefill, decode }) {
  const row = (title, samples) => [
    title,
    String(samples.length),
    ...['settledMs', 'idleMs'].flatMap((key) => [
      middle(samples, key).toFixed(1),
      Math.max(...samples.map((sample) => sample[key])).toFixed(1),
    ]),
  ];
  return `Cancelled at random moments, milliseconds until the job had ended and until the process used no CPU (seen in slices of 20 ms):\n\n${table(
    ['what', 'times', 'ended: median', 'most', 'idle: median', 'most'],
    [row(`prefill of ${promptTokens}`, prefill), row('decode', decode)],
  )}`;
}

function quietPeaks(tests, engine) {
  return tests.flatMap(({ quiet }) => quiet[engine].map(({ peakRssBytes }) => peakRssBytes)).filter(Boolean);
}

/** The most of all runs: that is what the machine must have. */
function memoryCell(peaks, fileBytes) {
  if (peaks.length === 0) return '?';
  const most = Math.max(...peaks);
  return `${(most / 2 ** 20).toFixed(0)} MiB (${(most / fileBytes).toFixed(2)})`;
}

function spread(numbers, digits = 1) {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  const text = median(numbers).toFixed(digits);
  return numbers.length === 1 ? text : `${text} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

function middle(samples, key) {
  return median(samples.map((sample) => sample[key]));
}

/** The first column is text, the others numbers. */
function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = `|---|${'--:|'.repeat(head.length - 1)}`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}

function gib(bytes) {
  return (bytes / 2 ** 30).toFixed(1);
}
