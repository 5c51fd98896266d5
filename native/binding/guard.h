// The border that no C++ exception crosses. The engine reports errors as Status; what still throws is the standard
// library, when memory or threads run out, and an exception that reached Node.js would end its process.
#pragma once

#include <napi.h>

#include <utility>

#include "base/status.h"
#include "convert.h"

namespace paddock::binding {

// The current exception as a Status: kOutOfMemory or kInternal. Only inside a catch block.
Status StatusOfException() noexcept;

// Calls work() -> Status; an exception becomes a Status.
template <typename Work>
Status Guarded(Work work) noexcept {
  try {
    return work();
  } catch (...) {
    return StatusOfException();
  }
}

// Calls work() -> Napi::Value on the JavaScript thread; a C++ exception is thrown in JavaScript.
template <typename Work>
Napi::Value GuardedValue(Napi::Env env, Work work) noexcept {
  try {
    return work();
  } catch (...) {
    return Throw(env, StatusOfException());
  }
}

// A free function as JavaScript may call it.
template <Napi::Value (*kFunction)(const Napi::CallbackInfo&)>
Napi::Value GuardedFunction(const Napi::CallbackInfo& info) {
  return GuardedValue(info.Env(), [&] { return kFunction(info); });
}

// An object of a class whose methods are all defined with Method().
template <typename T>
class GuardedObject : public Napi::ObjectWrap<T> {
 public:
  using Napi::ObjectWrap<T>::ObjectWrap;

 protected:
  template <Napi::Value (T::*kMethod)(const Napi::CallbackInfo&)>
  static Napi::ClassPropertyDescriptor<T> Method(const char* name) {
    const typename Napi::InstanceWrap<T>::InstanceMethodCallback call = &GuardedObject::template Call<kMethod>;
    return Napi::ObjectWrap<T>::InstanceMethod(name, call);
  }

 private:
  template <Napi::Value (T::*kMethod)(const Napi::CallbackInfo&)>
  Napi::Value Call(const Napi::CallbackInfo& info) {
    return GuardedValue(info.Env(), [&] { return (static_cast<T*>(this)->*kMethod)(info); });
  }
};

}  // namespace paddock::binding
