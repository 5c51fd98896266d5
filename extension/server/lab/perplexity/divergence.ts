/** Divergence of a model from its base over a text: the figures of llama.cpp's `--kl-divergence`. Pure. */
import { ascending, mean, quantile } from '../evaluate/statistics.ts';
import { meanWithError, summarizePerplexity } from './windows.ts';
import type { Estimate } from './windows.ts';

/** Of every scored token, in nats. */
export interface DivergenceTokens {
  readonly nll: readonly number[];
  readonly baseNll: readonly number[];
  readonly kld: readonly number[];
  /** How many of them have the same likeliest token in both models. */
  readonly sameTop: number;
}

export interface DivergenceReport {
  readonly basePerplexity: number;
  readonly basePerplexityError: number;
  /** ln(perplexity / perplexity of the base), its error taking into account that both read the same tokens. */
  readonly logRatio: Estimate;
  readonly ratio: Estimate;
  readonly difference: Estimate;
  /** Correlation of the estimates of ln perplexity, 0..1. */
  readonly correlation: number;
  readonly kld: Estimate & Quantiles;
  /** Probability of the token that came, model minus base; 0..1. */
  readonly deltaP: Estimate & Quantiles & { readonly rms: Estimate };
  readonly sameTop: Estimate;
}

export interface Quantiles {
  readonly min: number;
  readonly p1: number;
  readonly p5: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export function summarizeDivergence({ nll, baseNll, kld, sameTop }: DivergenceTokens): DivergenceReport {
  const count = nll.length;
  const [own, base] = [meanWithError(nll), meanWithError(baseNll)];
  const { perplexity } = summarizePerplexity(nll);
  const { perplexity: basePerplexity, stderr: basePerplexityError } = summarizePerplexity(baseNll);
  const together = mean(nll.map((value, index) => value * (baseNll[index] ?? Number.NaN)));
  const covariance = (together - own.value * base.value) / Math.max(1, count - 1);
  const logRatio = {
    value: own.value - base.value,
    error: Math.sqrt(Math.max(0, own.error ** 2 + base.error ** 2 - 2 * covariance)),
  };
  const ratio = Math.exp(logRatio.value);
  const deltaP = nll.map((value, index) => Math.exp(-value) - Math.exp(-(baseNll[index] ?? Number.NaN)));
  const squares = meanWithError(deltaP.map((value) => value * value));
  const rms = Math.sqrt(squares.value);
  const same = sameTop / count;
  return {
    basePerplexity,
    basePerplexityError,
    logRatio,
    ratio: { value: ratio, error: ratio * logRatio.error },
    difference: {
      value: perplexity - basePerplexity,
      error: Math.sqrt(
        Math.max(
          0,
          (perplexity * own.error) ** 2 +
            (basePerplexity * base.error) ** 2 -
            2 * perplexity * basePerplexity * covariance,
        ),
      ),
    },
    // For a model with itself, rounding would give slightly more than 1.
    correlation: own.error === 0 || base.error === 0 ? 1 : Math.min(1, covariance / (own.error * base.error)),
    kld: { ...meanWithError(kld), ...quantiles(kld) },
    deltaP: {
      ...meanWithError(deltaP),
      ...quantiles(deltaP),
      rms: { value: rms, error: rms === 0 ? 0 : (0.5 / rms) * squares.error },
    },
    sameTop: { value: same, error: Math.sqrt((same * (1 - same)) / Math.max(1, count - 1)) },
  };
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = Float64Array.from(values).sort(ascending);
  const at = (fraction: number): number => quantile(sorted, fraction);
  return {
    min: at(0),
    p1: at(0.01),
    p5: at(0.05),
    median: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
  };
}
