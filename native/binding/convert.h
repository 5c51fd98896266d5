// Between the engine's values and JavaScript's, as extension/server/engine/binding.ts types them.
#pragma once

#include <napi.h>

#include <optional>
#include <string>
#include <vector>

#include "engine.h"
#include "runtime/machine.h"
#include "runtime/quantize_file.h"

namespace paddock::binding {

// An Error with `code`.
Napi::Error ToError(Napi::Env env, const Status& status);

// Throws in JavaScript and returns undefined, for `return Throw(...)`.
Napi::Value Throw(Napi::Env env, const Status& status);
// A wrong argument of a call; `what` names it and what it must be.
Napi::Value ThrowArgument(Napi::Env env, const char* what);

Napi::Object ToJs(Napi::Env env, const MemoryNeed& memory);
Napi::Object ToJs(Napi::Env env, const GgufFile& file, const Inspection& inspection);
Napi::Object ToJs(Napi::Env env, const ModelInfo& info, const Tokenizer& tokenizer);
Napi::Object ToJs(Napi::Env env, const GenerateResult& result);
Napi::Object ToJs(Napi::Env env, const BenchReport& report);
Napi::Object ToJs(Napi::Env env, const QuantizeReport& report);
Napi::Int32Array ToJs(Napi::Env env, const std::vector<int32_t>& ids);
Napi::Float64Array ToJs(Napi::Env env, const std::vector<double>& values);
Napi::Object ToJs(Napi::Env env, const std::vector<TokenDivergence>& divergences);

// Each returns nullopt for a value of another kind. A missing field of an object counts as its default.
std::optional<std::vector<int32_t>> ToIds(const Napi::Value& value);
std::optional<std::string> ToBytes(const Napi::Value& value);
// NativeModelParts: where the weights of a model lie that is no GGUF file.
std::optional<QuantizeSource::Parts> ToParts(const Napi::Value& value);
std::optional<LoadOptions> ToLoadOptions(const Napi::Value& value);
std::optional<GenerateRequest> ToGenerateRequest(const Napi::Value& value);
// The `work` of a request; chat, when there is none.
std::optional<WorkClass> ToWorkClass(const Napi::Value& request);
// A whole number within int; `fallback` when undefined.
std::optional<int> ToInt(const Napi::Value& value, int fallback);
std::optional<BenchOptions> ToBenchOptions(const Napi::Value& value);
std::optional<TrainerOptions> ToTrainerOptions(const Napi::Value& value);

}  // namespace paddock::binding
