// What differs between versions of libtorch.
#pragma once

#include <c10/util/Optional.h>
#include <torch/version.h>

#define TSLM_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace tslm {

#if TSLM_TORCH_AT_LEAST(2, 2)
template <class T>
using Optional = std::optional<T>;
#else
template <class T>
using Optional = c10::optional<T>;
#endif

}  // namespace tslm
