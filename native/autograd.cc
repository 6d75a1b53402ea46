// Autograd (backward, gradients, modes) and random generators.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include "env.h"

namespace tslm {
namespace {

// backward(retainGraph, createGraph): in the buffer the lists of roots, their gradients, and inputs (empty: all leaves)
napi_value backward(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const Args args(napi, info);
    const double* next = env.buffer;
    const auto roots = readTensors(env, next);
    const auto gradients = readTensors(env, next);
    const auto inputs = readTensors(env, next);
    torch::autograd::backward(roots, gradients, args.boolean(0), args.boolean(1), inputs);
    return nullptr;
  });
}

// grad(retainGraph, createGraph, allowUnused): as above, but the inputs' gradients come back in the buffer
napi_value grad(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const Args args(napi, info);
    const double* next = env.buffer;
    const auto outputs = readTensors(env, next);
    const auto gradients = readTensors(env, next);
    const auto inputs = readTensors(env, next);
    const auto results = torch::autograd::grad(outputs, inputs, gradients, args.boolean(0), args.boolean(1),
                                               args.boolean(2));
    for (size_t i = 0; i < results.size(); i++) {
      env.buffer[i] = results[i].defined() ? static_cast<double>(env.tensors.insert(results[i])) : -1;
    }
    return nullptr;
  });
}

// gradientOf(handle) -> handle, -1 when there is none
napi_value gradientOf(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&] {
    Env& env = *envOf(napi);
    const at::Tensor gradient = env.tensors.at(Args(napi, info).integer(0)).grad();
    return makeNumber(napi, gradient.defined() ? static_cast<double>(env.tensors.insert(gradient)) : -1);
  });
}

// setGradient(handle, gradient handle or -1)
napi_value setGradient(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const Args args(napi, info);
    const int64_t gradient = args.integer(1);
    env.tensors.at(args.integer(0)).mutable_grad() = gradient < 0 ? at::Tensor() : env.tensors.at(gradient);
    return nullptr;
  });
}

// setRequiresGrad(handle, value)
napi_value setRequiresGrad(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    const Args args(napi, info);
    envOf(napi)->tensors.at(args.integer(0)).set_requires_grad(args.boolean(1));
    return nullptr;
  });
}

// setGradMode(enabled) -> what it was
napi_value setGradMode(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&] {
    const bool before = c10::GradMode::is_enabled();
    c10::GradMode::set_enabled(Args(napi, info).boolean(0));
    napi_value result;
    napi_get_boolean(napi, before, &result);
    return result;
  });
}

// enterInferenceMode(), leaveInferenceMode()
napi_value enterInferenceMode(napi_env napi, napi_callback_info) {
  return guarded(napi, [&]() -> napi_value {
    envOf(napi)->inferenceModes.push_back(std::make_unique<c10::InferenceMode>());
    return nullptr;
  });
}

napi_value leaveInferenceMode(napi_env napi, napi_callback_info) {
  return guarded(napi, [&]() -> napi_value {
    envOf(napi)->inferenceModes.pop_back();
    return nullptr;
  });
}

// createGenerator(seed) -> handle of a CPU generator
napi_value createGenerator(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&] {
    const auto seed = static_cast<uint64_t>(Args(napi, info).number(0));
    return makeNumber(napi, static_cast<double>(envOf(napi)->generators.insert(at::detail::createCPUGenerator(seed))));
  });
}

napi_value releaseGenerator(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    envOf(napi)->generators.erase(Args(napi, info).integer(0));
    return nullptr;
  });
}

at::Generator generatorFor(Env& env, const Args& args) {
  const int64_t handle = args.integer(0);
  return handle >= 0 ? env.generators.at(handle) : at::globalContext().defaultGenerator(c10::Device(args.string(1)));
}

// generatorSeed(handle or -1, device, seed), generatorState(handle or -1, device) -> handle,
// setGeneratorState(handle or -1, device, handle); -1 means the device's default generator
napi_value generatorSeed(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    const Args args(napi, info);
    at::Generator generator = generatorFor(*envOf(napi), args);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(static_cast<uint64_t>(args.number(2)));
    return nullptr;
  });
}

napi_value generatorState(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&] {
    Env& env = *envOf(napi);
    at::Generator generator = generatorFor(env, Args(napi, info));
    std::lock_guard<std::mutex> lock(generator.mutex());
    return makeNumber(napi, static_cast<double>(env.tensors.insert(generator.get_state())));
  });
}

napi_value setGeneratorState(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const Args args(napi, info);
    at::Generator generator = generatorFor(env, args);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(env.tensors.at(args.integer(2)));
    return nullptr;
  });
}

}  // namespace

void exportAutograd(napi_env env, napi_value exports) {
  exportFunction(env, exports, "backward", backward);
  exportFunction(env, exports, "grad", grad);
  exportFunction(env, exports, "gradientOf", gradientOf);
  exportFunction(env, exports, "setGradient", setGradient);
  exportFunction(env, exports, "setRequiresGrad", setRequiresGrad);
  exportFunction(env, exports, "setGradMode", setGradMode);
  exportFunction(env, exports, "enterInferenceMode", enterInferenceMode);
  exportFunction(env, exports, "leaveInferenceMode", leaveInferenceMode);
  exportFunction(env, exports, "createGenerator", createGenerator);
  exportFunction(env, exports, "releaseGenerator", releaseGenerator);
  exportFunction(env, exports, "generatorSeed", generatorSeed);
  exportFunction(env, exports, "generatorState", generatorState);
  exportFunction(env, exports, "setGeneratorState", setGeneratorState);
}

}  // namespace tslm
