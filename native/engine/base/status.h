// Errors as values: the engine itself never throws, prints or aborts, because it lives inside a user's editor. The
// standard library throws when memory or threads run out; the binding turns that into a Status (binding/guard.h).
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace paddock {

// The codes are those of extension/protocol/model.ts; CodeName() gives their spelling there.
enum class StatusCode {
  kOk,                // success
  kCancelled,         // the caller's cancel flag was set
  kNotFound,          // no such file
  kNotAFile,          // a folder or a device
  kNoPermission,      // the system refuses access
  kInvalidModel,      // the file is damaged, or not of the expected kind
  kUnsupportedModel,  // a sound file that this engine cannot run
  kInvalidArgument,   // the caller passed something impossible
  kOutOfMemory,       // memory or threads ran out
  kPromptTooLong,     // the tokens do not fit the context
  kInternal,          // a bug in the engine
};

constexpr const char* CodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return "ok";
    case StatusCode::kCancelled: return "cancelled";
    case StatusCode::kNotFound: return "notFound";
    case StatusCode::kNotAFile: return "notAFile";
    case StatusCode::kNoPermission: return "noPermission";
    case StatusCode::kInvalidModel: return "invalidModel";
    case StatusCode::kUnsupportedModel: return "unsupportedModel";
    case StatusCode::kInvalidArgument: return "invalidArgument";
    case StatusCode::kOutOfMemory: return "outOfMemory";
    case StatusCode::kPromptTooLong: return "promptTooLong";
    case StatusCode::kInternal: return "internal";
  }
  return "internal";
}

// A code and a sentence that can be shown to a person: what happened and what to do.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// A value, or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}  // NOLINT: implicit by design, as `return value;` reads best
  Result(Status status) : status_(std::move(status)) { assert(!status_.ok()); }  // NOLINT

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  T Take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
  Status status_;
};

// Leaves the calling function with the Status of `expression` when it is not Ok.
#define PADDOCK_RETURN_IF_ERROR(expression)                                                           \
  do {                                                                                                \
    if (::paddock::Status paddock_status = (expression); !paddock_status.ok()) return paddock_status; \
  } while (false)

}  // namespace paddock
