// How fast the engine is, beside what the machine could do.
#include <algorithm>
#include <atomic>

#include "runtime/engine_state.h"

namespace paddock {
namespace {

constexpr int kTokensPerSample = 8;  // tokens between two looks at the memory
constexpr int kPeakSamples = 3;      // at the arithmetic, before and after prefill

// `samples` is not empty.
HardwareLimit BestAndMedian(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return {samples.back(), samples[samples.size() / 2]};
}

}  // namespace

Result<BenchReport> Engine::Bench(const BenchOptions& options, const CancelFlag* cancel) {
  EngineState& s = *state_;
  const int prompt = options.prompt, generate = options.generate, depth = options.depth.value_or(prompt);
  // In 64 bits: the sums of numbers that a user gives may not fit.
  const int64_t most = std::max<int64_t>(prompt, int64_t{std::max(depth, 1)} + generate);
  if (prompt < 0 || generate < 0 || depth < 0 || options.repeat < 1 || prompt + int64_t{generate} < 1 ||
      most > s.plan.context) {
    return Status(StatusCode::kInvalidArgument, "Prompt, and depth and generated tokens together, must be 1 to " +
                                                    std::to_string(s.plan.context) +
                                                    ", and there must be at least one repetition.");
  }
  BenchReport report;
  for (const LayerWeights& layer : s.weights.layers) {
    for (const PanelMatrix* m : layer.matrices()) {
      report.layer_weights += static_cast<uint64_t>(m->rows) * static_cast<uint64_t>(m->columns);
      report.weight_bytes_per_token += PanelBytes(*m);
    }
  }
  report.weight_bytes_per_token += PanelBytes(s.weights.lm_head) + s.weights.embedding.row_bytes();

  std::vector<double> bandwidths, peaks;
  std::vector<int32_t> ids(static_cast<size_t>(std::max({prompt, depth, 1})));
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<int32_t>((i * 7919 + 13) % static_cast<size_t>(s.plan.h.vocabulary));
  const std::span<const int32_t> all(ids), first = all.first(prompt);
  // A first batch that does not count: it finds caches cold and memory that nobody has touched.
  const std::span<const int32_t> batch = first.first(std::min(prompt, kMaxBatch));
  const PageReservation room(s.pages, static_cast<int>(most));
  if (!room) return s.NoMemory();
  Sequence sequence(s.pages);
  PADDOCK_RETURN_IF_ERROR(s.Prefill(batch, &sequence, kMaxBatch, cancel));
  for (int r = 0; r < options.repeat; ++r) {
    sequence.Truncate(0);
    if (prompt > 0) PADDOCK_RETURN_IF_ERROR(BenchPrefill(first, &sequence, cancel, &report, &peaks));
    if (generate == 0) continue;
    // Decoding needs the logits of a token before it. A cache that is too deep gives its end up, and the token there is
    // evaluated again.
    const int before = std::max(depth, 1);
    if (before != prompt) {
      sequence.Truncate(std::min(prompt, before - 1));
      PADDOCK_RETURN_IF_ERROR(s.Prefill(all.first(before), &sequence, kMaxBatch, cancel));
    }
    PADDOCK_RETURN_IF_ERROR(BenchDecode(generate, &sequence, cancel, &report, &bandwidths));
  }
  // Limits that no row has sampled are measured here.
  if (bandwidths.empty()) bandwidths.push_back(MeasureReadBandwidth());
  if (peaks.empty()) peaks.push_back(MeasureInt8Peak());
  if (cancel != nullptr && cancel->load()) return Status(StatusCode::kCancelled, "The benchmark was cancelled.");
  report.read_bandwidth = BestAndMedian(std::move(bandwidths));
  report.int8_peak = BestAndMedian(std::move(peaks));
  return report;
}

Status Engine::BenchPrefill(std::span<const int32_t> ids, Sequence* sequence, const CancelFlag* cancel,
                            BenchReport* report, std::vector<double>* peaks) {
  std::vector<double> beside;
  for (int sample = 0; sample < kPeakSamples; ++sample) beside.push_back(MeasureInt8Peak());
  const auto start = Clock::now();
  PADDOCK_RETURN_IF_ERROR(state_->Prefill(ids, sequence, kMaxBatch, cancel));
  const int tokens = static_cast<int>(ids.size());
  const double rate = tokens / (MillisecondsSince(start) / 1000);
  for (int sample = 0; sample < kPeakSamples; ++sample) beside.push_back(MeasureInt8Peak());
  peaks->insert(peaks->end(), beside.begin(), beside.end());
  const double cost = 2.0 * static_cast<double>(report->layer_weights);
  report->rows.push_back({true, tokens, 0, rate, BestAndMedian(std::move(beside)).median, cost});
  return Status::Ok();
}

Status Engine::BenchDecode(int tokens, Sequence* sequence, const CancelFlag* cancel, BenchReport* report,
                           std::vector<double>* bandwidths) {
  EngineState& s = *state_;
  const int before = sequence->size();
  std::vector<double> beside;
  double milliseconds = 0;
  for (int i = 0; i < tokens; ++i) {
    if (i % kTokensPerSample == 0) beside.push_back(MeasureReadBandwidth());
    const auto start = Clock::now();
    const int32_t token = ArgMax(s.forward.Logits(0));
    if (!sequence->Reserve(1)) return s.NoMemory();
    PADDOCK_RETURN_IF_ERROR(s.forward.Run({{{&sequence->table(), before + i, {&token, 1}}}, 1}, cancel, nullptr));
    milliseconds += MillisecondsSince(start);
    sequence->Append({&token, 1});
  }
  beside.push_back(MeasureReadBandwidth());
  bandwidths->insert(bandwidths->end(), beside.begin(), beside.end());
  const double seen = before + 0.5 * tokens;
  const double cost = static_cast<double>(report->weight_bytes_per_token) +
                      seen * static_cast<double>(s.plan.kv.page_bytes()) / kSegmentKeys;
  const double limit = BestAndMedian(std::move(beside)).median;
  report->rows.push_back({false, tokens, before, tokens / (milliseconds / 1000), limit, cost});
  return Status::Ok();
}

// One pass over the weights: they are what a decode step reads.
double Engine::MeasureReadBandwidth() {
  EngineState& s = *state_;
  const uint8_t* data = s.weights.panels.data();
  constexpr size_t kPiece = 1 << 20;
  const int pieces = static_cast<int>(s.weights.panels.size() / kPiece);
  if (pieces == 0) return 0;
  std::atomic<uint64_t> sink{0};
  const auto start = Clock::now();
  s.team.Run(nullptr, [&](const Worker& worker) {
    for (int p; (p = worker.Claim(pieces)) < pieces;)
      sink += s.plan.kernels->read_stream(data + static_cast<size_t>(p) * kPiece, kPiece);
  });
  return static_cast<double>(pieces) * kPiece / (MillisecondsSince(start) / 1000);
}

double Engine::MeasureInt8Peak() {
  EngineState& s = *state_;
  std::atomic<uint64_t> operations{0};
  std::atomic<int32_t> sink{0};
  const auto start = Clock::now();
  s.team.Run(nullptr, [&](const Worker&) {
    int32_t mine = 0;
    operations += s.plan.kernels->int8_peak(3'000'000, &mine);
    sink += mine;
  });
  return static_cast<double>(operations.load()) / (MillisecondsSince(start) / 1000);
}

}  // namespace paddock
