// The machine as libtorch sees it: version, threads, devices, memory.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include "env.h"
#include "kernels/int8_block.h"
#include "kernels/isa.h"
#include "memory.h"
#include "version.h"

#if TSLM_TORCH_AT_LEAST(2, 9)
#include <c10/core/CachingDeviceAllocator.h>
#endif

namespace tslm {
namespace {

int cudaDevices() {
  constexpr auto cuda = c10::DeviceType::CUDA;
  if (!at::hasCUDA() || !c10::impl::hasDeviceGuardImpl(cuda)) return 0;
  return c10::impl::getDeviceGuardImpl(cuda)->deviceCount();
}

// runtimeInfo() -> { version, config, parallel, cudaDevices, products, int8 }
napi_value runtimeInfo(napi_env napi, napi_callback_info) {
  return guarded(napi, [&] {
    napi_value result;
    napi_create_object(napi, &result);
    setProperty(napi, result, "version", makeString(napi, TORCH_VERSION));
    setProperty(napi, result, "config", makeString(napi, at::show_config()));
    setProperty(napi, result, "parallel", makeString(napi, at::get_parallel_info()));
    setProperty(napi, result, "cudaDevices", makeNumber(napi, cudaDevices()));
    setProperty(napi, result, "products", makeString(napi, isaName()));
    setProperty(napi, result, "int8", makeString(napi, int8Name()));
    return result;
  });
}

// withoutOneDnn(): libtorch's own operators alone. oneDNN asks what the processor has, not what it is told to take.
napi_value withoutOneDnn(napi_env napi, napi_callback_info) {
  return guarded(napi, [&]() -> napi_value {
    at::globalContext().setUserEnabledMkldnn(false);
    return nullptr;
  });
}

// setThreads(count), threads() -> count, of this JavaScript thread: OpenMP keeps the number for each thread
napi_value setThreads(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    at::set_num_threads(static_cast<int>(Args(napi, info).integer(0)));
    return nullptr;
  });
}

napi_value threads(napi_env napi, napi_callback_info) {
  return guarded(napi, [&] { return makeNumber(napi, at::get_num_threads()); });
}

// synchronize(device): waits for everything queued on the device's current stream
napi_value synchronize(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    const c10::Device device(Args(napi, info).string(0));
    if (device.is_cpu()) return nullptr;
    const auto* guard = c10::impl::getDeviceGuardImpl(device.type());
    guard->synchronizeStream(guard->getStream(device));
    return nullptr;
  });
}

#if TSLM_TORCH_AT_LEAST(2, 9)
// The allocator of a device that keeps count, null where it keeps none.
c10::DeviceAllocator* countingAllocator(const c10::Device& device) {
  return dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
}
c10::DeviceIndex indexOf(const c10::Device& device) {
  return device.has_index() ? device.index() : c10::impl::getDeviceGuardImpl(device.type())->getDevice().index();
}
#endif

// Of another device than the CPU: zeros before libtorch 2.9, which has no common name for them.
MemoryStats deviceMemory(const c10::Device& device) {
  if (device.is_cpu()) return memoryStats();
#if TSLM_TORCH_AT_LEAST(2, 9)
  if (auto* allocator = countingAllocator(device)) {
    const auto stats = allocator->getDeviceStats(indexOf(device));
    const auto& allocated = stats.allocated_bytes[0];  // of blocks of every size together
    return {allocated.current, allocated.peak, stats.reserved_bytes[0].current - allocated.current};
  }
#endif
  return {};
}

// memory(device) -> { liveBytes, peakBytes, cachedBytes, tensors }
napi_value memory(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&] {
    const MemoryStats stats = deviceMemory(c10::Device(Args(napi, info).string(0)));
    napi_value result;
    napi_create_object(napi, &result);
    setProperty(napi, result, "liveBytes", makeNumber(napi, static_cast<double>(stats.live)));
    setProperty(napi, result, "peakBytes", makeNumber(napi, static_cast<double>(stats.peak)));
    setProperty(napi, result, "cachedBytes", makeNumber(napi, static_cast<double>(stats.cached)));
    setProperty(napi, result, "tensors", makeNumber(napi, static_cast<double>(envOf(napi)->tensors.size())));
    return result;
  });
}

// resetPeakMemory(device)
napi_value resetPeak(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    const c10::Device device(Args(napi, info).string(0));
    if (device.is_cpu()) resetPeakMemory();
#if TSLM_TORCH_AT_LEAST(2, 9)
    else if (auto* allocator = countingAllocator(device)) allocator->resetPeakStats(indexOf(device));
#endif
    return nullptr;
  });
}

napi_value emptyCacheOf(napi_env napi, napi_callback_info) {
  return guarded(napi, [&]() -> napi_value {
    emptyCache();
    return nullptr;
  });
}

// adjustExternalMemory(bytes) -> total: tells the garbage collector of native memory that only it can free
napi_value adjustExternalMemory(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&] {
    int64_t total = 0;
    napi_adjust_external_memory(napi, Args(napi, info).integer(0), &total);
    return makeNumber(napi, static_cast<double>(total));
  });
}

}  // namespace

void exportRuntime(napi_env env, napi_value exports) {
  exportFunction(env, exports, "runtimeInfo", runtimeInfo);
  exportFunction(env, exports, "withoutOneDnn", withoutOneDnn);
  exportFunction(env, exports, "setThreads", setThreads);
  exportFunction(env, exports, "threads", threads);
  exportFunction(env, exports, "synchronize", synchronize);
  exportFunction(env, exports, "memory", memory);
  exportFunction(env, exports, "resetPeakMemory", resetPeak);
  exportFunction(env, exports, "emptyCache", emptyCacheOf);
  exportFunction(env, exports, "adjustExternalMemory", adjustExternalMemory);
}

}  // namespace tslm
