// What one JavaScript thread owns: its tensors, its operators, its interned strings and the shared argument buffer.
// Each worker thread loads the addon into an environment of its own, so nothing here needs a lock except `unusedRefs`.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/InferenceMode.h>
#include <node_api.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "version.h"

namespace tslm {

// A slot map: a handle is an index into `items`, reused after `erase`. Handles are what JavaScript holds.
template <class T>
class Table {
 public:
  int64_t insert(T item) {
    if (free_.empty()) {
      items_.push_back(std::move(item));
      return static_cast<int64_t>(items_.size()) - 1;
    }
    const int64_t handle = free_.back();
    free_.pop_back();
    items_[handle] = std::move(item);
    return handle;
  }
  T& at(int64_t handle) {
    TORCH_CHECK(handle >= 0 && handle < static_cast<int64_t>(items_.size()), "no object with handle ", handle);
    return items_[handle];
  }
  void erase(int64_t handle) {
    at(handle) = T();
    free_.push_back(handle);
  }
  int64_t size() const { return static_cast<int64_t>(items_.size() - free_.size()); }

 private:
  std::vector<T> items_;
  std::vector<int64_t> free_;
};

// References to ArrayBuffers whose tensor died, possibly on another thread. Deleted on the JavaScript thread.
struct UnusedRefs {
  std::mutex mutex;
  std::vector<napi_ref> refs;

  void add(napi_ref ref) {
    std::lock_guard<std::mutex> lock(mutex);
    refs.push_back(ref);
  }
};

struct Env {
  napi_env napi = nullptr;
  std::thread::id thread = std::this_thread::get_id();
  Table<at::Tensor> tensors;
  Table<at::Generator> generators;
  std::vector<c10::OperatorHandle> operators;
  std::vector<std::string> strings;
  std::vector<std::unique_ptr<c10::InferenceMode>> inferenceModes;
  std::shared_ptr<UnusedRefs> unusedRefs = std::make_shared<UnusedRefs>();
  torch::jit::Stack stack;
  // What JavaScript made for a node of the graph that called it.
  std::vector<at::Tensor> recomputed;
  // What JavaScript threw inside such a call.
  napi_ref thrown = nullptr;

  // Arguments and results travel through this buffer, which JavaScript made and both sides read and write.
  double* buffer = nullptr;
  size_t bufferLength = 0;
  napi_ref bufferRef = nullptr;

  void dropUnusedRefs();
};

Env* envOf(napi_env env);

// A number of the shared buffer as an integer: a double that is no number of 64 bits has none that it could be cast to.
inline int64_t integerOf(double value) {
  TORCH_CHECK(value >= -0x1p63 && value < 0x1p63, value, " is no integer of 64 bits");
  return static_cast<int64_t>(value);
}

// The length of a list in the shared buffer, of which what follows `next` is the rest: no memory is taken for what cannot be there.
inline size_t takeCount(const Env& env, const double*& next) {
  const double* end = env.buffer + env.bufferLength;
  TORCH_CHECK(next < end, "the arguments do not fit the buffer of ", env.bufferLength, " numbers");
  const double count = *next++;
  TORCH_CHECK(count >= 0 && count <= static_cast<double>(end - next), "a list of ", count,
              " values does not fit the buffer of ", env.bufferLength, " numbers");
  return static_cast<size_t>(count);
}

// A list in the shared buffer: count, handles (-1: none).
inline std::vector<at::Tensor> readTensors(Env& env, const double*& next) {
  std::vector<at::Tensor> tensors(takeCount(env, next));
  for (at::Tensor& tensor : tensors) {
    const int64_t handle = integerOf(*next++);
    if (handle >= 0) tensor = env.tensors.at(handle);
  }
  return tensors;
}

// A shape in the shared buffer, count and sizes, and how many elements it has.
inline std::pair<std::vector<int64_t>, size_t> readShape(const Env& env, const double*& next) {
  std::vector<int64_t> shape(takeCount(env, next));
  size_t elements = 1;
  for (int64_t& size : shape) {
    size = integerOf(*next++);
    TORCH_CHECK(size >= 0, "a shape with a size of ", size);
    TORCH_CHECK(!__builtin_mul_overflow(elements, static_cast<size_t>(size), &elements), "a shape of too many elements");
  }
  return {std::move(shape), elements};
}

// What JavaScript threw while C++ had called it: `Env::thrown`, on its way back to JavaScript.
struct ThrownByJavaScript : std::runtime_error {
  using std::runtime_error::runtime_error;
};
void throwAgain(napi_env env);

// Runs `body`; whatever C++ throws becomes a JavaScript Error with the message alone, without a C++ stack.
template <class Body>
napi_value guarded(napi_env env, Body body) {
  std::string message;
  try {
    return body();
  } catch (const ThrownByJavaScript&) {
    throwAgain(env);
    return nullptr;
  } catch (const c10::Error& error) {
    message = error.what_without_backtrace();
  } catch (const std::exception& error) {
    message = error.what();
  } catch (...) {
    message = "unknown C++ exception";
  }
  napi_throw_error(env, "TSLM_TORCH", message.c_str());
  return nullptr;
}

// The arguments of a call from JavaScript, converted one by one.
class Args {
 public:
  static constexpr size_t kMax = 6;
  Args(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kMax;
    napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
  }
  napi_value value(size_t i) const { return values_[i]; }
  double number(size_t i) const;
  int64_t integer(size_t i) const { return static_cast<int64_t>(number(i)); }
  bool boolean(size_t i) const;
  std::string string(size_t i) const;

 private:
  napi_env env_;
  napi_value values_[kMax];
};

napi_value makeNumber(napi_env env, double value);
napi_value makeString(napi_env env, const std::string& value);
void setProperty(napi_env env, napi_value object, const char* name, napi_value value);
void exportFunction(napi_env env, napi_value exports, const char* name, napi_callback callback);

// One for each source file: adds its functions to the module.
void exportCalls(napi_env env, napi_value exports);
void exportStorage(napi_env env, napi_value exports);
void exportAutograd(napi_env env, napi_value exports);
void exportRecompute(napi_env env, napi_value exports);
void exportRuntime(napi_env env, napi_value exports);
void installAllocator();

}  // namespace tslm
