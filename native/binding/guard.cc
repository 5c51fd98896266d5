#include "guard.h"

#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>

namespace paddock::binding {
namespace {

// The message itself may find no memory; without one it is still an error with a code.
Status Error(StatusCode code, const char* message) noexcept {
  try {
    return {code, message};
  } catch (...) {
    return {code, {}};
  }
}

}  // namespace

Status StatusOfException() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return Error(StatusCode::kOutOfMemory, "There is not enough memory for this. Close other programs and try again.");
  } catch (const std::length_error&) {
    return Error(StatusCode::kOutOfMemory, "There is not enough memory for something of this size.");
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again)
      return Error(StatusCode::kOutOfMemory, "The system gives this process no more threads. Close other programs.");
    return Error(StatusCode::kInternal, error.what());
  } catch (const std::exception& error) {
    return Error(StatusCode::kInternal, error.what());
  } catch (...) {
    return Error(StatusCode::kInternal, "An unknown exception in the engine.");
  }
}

}  // namespace paddock::binding
