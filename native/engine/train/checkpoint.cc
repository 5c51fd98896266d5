// Checkpoints of a Trainer: a head of fixed size, then adapter, moments and the caller's note.
#include <cstring>
#include <filesystem>

#include "base/crc32c.h"
#include "base/private_file.h"
#include "train/trainer.h"

namespace paddock {
namespace {

struct Head {
  char magic[8];
  uint32_t version, crc;  // of the body
  uint64_t numbers, steps, rows_seen, note_bytes;
  uint32_t fingerprint, reserved;
};
constexpr char kMagic[8] = {'P', 'D', 'K', 'T', 'R', 'A', 'I', 'N'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kMaxNote = uint64_t{64} << 20;

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

// Whatever the numbers and the steps after them depend on. Batch size and the like may change between runs.
std::string Trainer::Fingerprint() const {
  const LoraOptions& o = options_.lora;
  std::string text = model_name_;
  for (const double number :
       {static_cast<double>(o.rank), static_cast<double>(o.alpha), static_cast<double>(o.dropout),
        static_cast<double>(o.first_layer), static_cast<double>(options_.adam.beta1),
        static_cast<double>(options_.adam.beta2), static_cast<double>(options_.adam.epsilon),
        static_cast<double>(options_.adam.weight_decay), static_cast<double>(options_.adam.clip)}) {
    text += ' ';
    text += std::to_string(number);
  }
  text += ' ';
  text += std::to_string(o.seed);
  for (const bool target : o.targets) text += target ? '1' : '0';
  return text;
}

Status Trainer::Save(const std::string& path, const std::string& note, const std::atomic<bool>* cancel) const {
  const size_t bytes = lora_.values().size() * sizeof(float);
  std::vector<uint8_t> body(3 * bytes + note.size());
  std::memcpy(body.data(), lora_.values().data(), bytes);
  std::memcpy(body.data() + bytes, optimizer_.first().data(), bytes);
  std::memcpy(body.data() + 2 * bytes, optimizer_.second().data(), bytes);
  std::memcpy(body.data() + 3 * bytes, note.data(), note.size());
  Head head{{},
            kVersion,
            Crc32c(body),
            lora_.values().size(),
            optimizer_.steps(),
            rows_seen_,
            note.size(),
            Crc32c(Bytes(Fingerprint())),
            0};
  std::memcpy(head.magic, kMagic, sizeof kMagic);
  const std::filesystem::path file = ToPath(path);
  RemoveLeftovers(file.parent_path());
  return WriteWhole(file, {reinterpret_cast<const uint8_t*>(&head), sizeof head}, body, NewFile::Durability::kPowerLoss,
                    [&] { return cancel == nullptr || !cancel->load(std::memory_order_relaxed); });
}

Result<std::string> Trainer::Restore(const std::string& path) {
  const Status damaged(StatusCode::kInvalidModel,
                       "The checkpoint " + path + " is damaged. Go on from another one or begin again.");
  const std::filesystem::path file = ToPath(path);
  std::error_code error;
  const std::filesystem::file_status there = std::filesystem::status(file, error);
  if (!std::filesystem::exists(there)) return Status(StatusCode::kNotFound, "There is no checkpoint at " + path + ".");
  if (!std::filesystem::is_regular_file(there)) return Status(StatusCode::kNotAFile, path + " is not a regular file.");
  const uint64_t size = std::filesystem::file_size(file, error);
  if (error) return damaged;
  const size_t bytes = lora_.values().size() * sizeof(float);
  if (size < sizeof(Head) + 3 * bytes || size > sizeof(Head) + 3 * bytes + kMaxNote) {
    return Status(StatusCode::kInvalidArgument,
                  "The checkpoint " + path + " is damaged or was written with other settings of the adapter.");
  }
  Head head;
  std::vector<uint8_t> body(static_cast<size_t>(size) - sizeof head);
  if (ReadExactly(file, {reinterpret_cast<uint8_t*>(&head), sizeof head}, body) != ReadOutcome::kRead) return damaged;
  if (std::memcmp(head.magic, kMagic, sizeof kMagic) != 0 || head.version != kVersion) return damaged;
  if (head.fingerprint != Crc32c(Bytes(Fingerprint()))) {
    return Status(StatusCode::kInvalidArgument,
                  "The checkpoint " + path +
                      " was written with other settings or for another model. Give the same ones, or begin again.");
  }
  if (head.numbers != lora_.values().size() || 3 * bytes + head.note_bytes != body.size() || head.crc != Crc32c(body)) {
    return damaged;
  }
  std::vector<float> first(lora_.values().size()), second(lora_.values().size());
  std::memcpy(lora_.values().data(), body.data(), bytes);
  std::memcpy(first.data(), body.data() + bytes, bytes);
  std::memcpy(second.data(), body.data() + 2 * bytes, bytes);
  optimizer_.Restore(head.steps, std::move(first), std::move(second));
  rows_seen_ = head.rows_seen;
  return std::string(reinterpret_cast<const char*>(body.data()) + 3 * bytes, static_cast<size_t>(head.note_bytes));
}

}  // namespace paddock
