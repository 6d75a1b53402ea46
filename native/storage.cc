// Tensors in and out of JavaScript's typed arrays, their metadata, and memory-mapped files.
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "env.h"
#include "mapped_files.h"

namespace tslm {
namespace {

struct Bytes {
  char* data;
  size_t length;
  napi_value buffer;  // the ArrayBuffer underneath
};

Bytes bytesOf(napi_env napi, napi_value array) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  napi_value buffer;
  const napi_status status = napi_get_typedarray_info(napi, array, &type, &length, &data, &buffer, nullptr);
  TORCH_CHECK(status == napi_ok && type == napi_uint8_array, "expected a Uint8Array");
  return {static_cast<char*>(data), length, buffer};
}

// fromBytes(bytes, dtype, copy) -> handle; the shape is in the buffer as count, sizes
napi_value fromBytes(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&] {
    Env& env = *envOf(napi);
    env.dropUnusedRefs();
    const Args args(napi, info);
    const Bytes bytes = bytesOf(napi, args.value(0));
    const auto dtype = static_cast<c10::ScalarType>(args.integer(1));
    const bool copy = args.boolean(2);
    const double* next = env.buffer;
    const auto [shape, elements] = readShape(env, next);
    const size_t size = c10::elementSize(dtype);
    TORCH_CHECK(bytes.length % size == 0 && elements == bytes.length / size, "the shape has ", elements, " elements of ", size,
                " bytes, the array has ", bytes.length, " bytes");
    const auto options = at::TensorOptions().dtype(dtype);
    if (copy || bytes.length == 0) {
      at::Tensor tensor = at::empty(shape, options);
      if (bytes.length) std::memcpy(tensor.data_ptr(), bytes.data, bytes.length);
      return makeNumber(napi, static_cast<double>(env.tensors.insert(std::move(tensor))));
    }
    // The tensor uses the array's memory and keeps it alive. It may die on another thread, where no JavaScript
    // reference can be deleted, so the reference is put aside for the next visit of this one.
    napi_ref ref;
    napi_create_reference(napi, bytes.buffer, 1, &ref);
    auto unused = env.unusedRefs;
    at::Tensor tensor = at::from_blob(bytes.data, shape, [unused, ref](void*) { unused->add(ref); }, options);
    return makeNumber(napi, static_cast<double>(env.tensors.insert(std::move(tensor))));
  });
}

// copyOut(handle, bytes): a contiguous CPU tensor's elements into the array
napi_value copyOut(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    const Args args(napi, info);
    const at::Tensor& tensor = envOf(napi)->tensors.at(args.integer(0));
    const Bytes bytes = bytesOf(napi, args.value(1));
    TORCH_CHECK(tensor.device().is_cpu() && tensor.is_contiguous(), "copyOut takes a contiguous tensor on the CPU");
    TORCH_CHECK(tensor.nbytes() == bytes.length, "the tensor has ", tensor.nbytes(), " bytes, the array ",
                bytes.length);
    if (bytes.length) std::memcpy(bytes.data, tensor.data_ptr(), bytes.length);
    return nullptr;
  });
}

// describe(handle): dtype, device type, device index, requiresGrad, isLeaf, isContiguous, dims, sizes, strides
napi_value describe(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const at::Tensor& tensor = env.tensors.at(Args(napi, info).integer(0));
    double* out = env.buffer;
    *out++ = static_cast<double>(tensor.scalar_type());
    *out++ = static_cast<double>(tensor.device().type());
    *out++ = tensor.device().index();
    *out++ = tensor.requires_grad();
    *out++ = tensor.is_leaf();
    *out++ = tensor.is_contiguous();
    *out++ = static_cast<double>(tensor.dim());
    for (int64_t size : tensor.sizes()) *out++ = static_cast<double>(size);
    for (int64_t stride : tensor.strides()) *out++ = static_cast<double>(stride);
    return nullptr;
  });
}

// byteSize(handle) -> bytes of its elements, none of a tensor without memory (meta). Leaves the buffer alone, where results may still wait to be read.
napi_value byteSize(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&] {
    const at::Tensor& tensor = envOf(napi)->tensors.at(Args(napi, info).integer(0));
    return makeNumber(napi, tensor.is_meta() ? 0 : static_cast<double>(tensor.nbytes()));
  });
}

// release(count): forgets the tensors whose handles are in the buffer
napi_value release(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const int64_t count = Args(napi, info).integer(0);
    for (int64_t i = 0; i < count; i++) env.tensors.erase(static_cast<int64_t>(env.buffer[i]));
    return nullptr;
  });
}

struct Mapping {
  void* data;
  size_t length;
  MappedFile* watched;
};

// mapFile(path) -> ArrayBuffer, or the system's error number. Private and writable: a write copies the page and never reaches the file.
napi_value mapFile(napi_env napi, napi_callback_info info) {
  const std::string path = Args(napi, info).string(0);
  int error = 0;
  napi_value result = nullptr;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not make it wait
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0) {
    error = errno;
  } else if (S_ISDIR(status.st_mode)) {
    error = EISDIR;
  } else if (status.st_size == 0) {
    napi_create_arraybuffer(napi, 0, nullptr, &result);
  } else {
    const auto length = static_cast<size_t>(status.st_size);
    void* data = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
    if (data == MAP_FAILED) {
      error = errno;
    } else {
      const auto unmap = [](napi_env, void*, void* hint) {
        auto* mapping = static_cast<Mapping*>(hint);
        forgetMapping(mapping->watched);
        munmap(mapping->data, mapping->length);
        delete mapping;
      };
      auto* mapping = new Mapping{data, length, watchMapping(envOf(napi), path, data, length, fd)};
      napi_create_external_arraybuffer(napi, data, length, unmap, mapping, &result);
    }
  }
  if (fd >= 0) close(fd);
  return error == 0 ? result : makeNumber(napi, error);
}

// shortenedFiles() -> paths of files that this thread has mapped and that were shortened since, each told once
napi_value shortenedFiles(napi_env napi, napi_callback_info) {
  return guarded(napi, [&] {
    const std::vector<std::string> paths = takeShortened(envOf(napi));
    napi_value result;
    napi_create_array_with_length(napi, paths.size(), &result);
    for (size_t i = 0; i < paths.size(); i++) {
      napi_set_element(napi, result, static_cast<uint32_t>(i), makeString(napi, paths[i]));
    }
    return result;
  });
}

}  // namespace

void exportStorage(napi_env env, napi_value exports) {
  exportFunction(env, exports, "fromBytes", fromBytes);
  exportFunction(env, exports, "copyOut", copyOut);
  exportFunction(env, exports, "describe", describe);
  exportFunction(env, exports, "byteSize", byteSize);
  exportFunction(env, exports, "release", release);
  exportFunction(env, exports, "mapFile", mapFile);
  exportFunction(env, exports, "shortenedFiles", shortenedFiles);
}

}  // namespace tslm
