// Recomputation (Chen et al. 2016): a stretch of the graph that keeps its inputs alone, and makes the rest again when
// its gradient is asked for, by calling back into JavaScript. The other side is `src/torch/recompute.ts`.
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/saved_variable.h>

#include "env.h"
#include "node.h"

namespace tslm {
namespace {

using torch::autograd::Edge;
using torch::autograd::Node;
using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

struct HandleScope {
  explicit HandleScope(napi_env env) : env_(env) { napi_open_handle_scope(env, &scope_); }
  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;
  ~HandleScope() { napi_close_handle_scope(env_, scope_); }

 private:
  napi_env env_;
  napi_handle_scope scope_;
};

// A JavaScript function; the graph that holds it may die on another thread.
class Callback {
 public:
  Callback(Env& env, napi_value function) : env_(env), unused_(env.unusedRefs) {
    napi_create_reference(env.napi, function, 1, &ref_);
  }
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  ~Callback() { unused_->add(ref_); }

  // The inputs go through the buffer, the results come back by `recomputed`.
  variable_list operator()(const variable_list& inputs) {
    TORCH_CHECK(std::this_thread::get_id() == env_.thread,
                "recompute calls JavaScript, which runs on the thread that called backward and on no other");
    TORCH_CHECK(inputs.size() < env_.bufferLength, "the inputs do not fit the buffer");
    double* next = env_.buffer;
    *next++ = static_cast<double>(inputs.size());
    for (const at::Tensor& input : inputs) *next++ = static_cast<double>(env_.tensors.insert(input));

    napi_env napi = env_.napi;
    const HandleScope handles(napi);
    napi_value function, global;
    napi_get_reference_value(napi, ref_, &function);
    napi_get_global(napi, &global);
    if (napi_call_function(napi, global, function, 0, nullptr, nullptr) != napi_ok) passOn(napi);
    return std::move(env_.recomputed);
  }

 private:
  // The same JavaScript value is thrown again when the call that led here is back in JavaScript.
  [[noreturn]] void passOn(napi_env napi) {
    env_.recomputed.clear();
    napi_value error;
    TORCH_CHECK(napi_get_and_clear_last_exception(napi, &error) == napi_ok, "JavaScript could not be called");
    if (env_.thrown) napi_delete_reference(napi, env_.thrown);
    env_.thrown = nullptr;
    TORCH_CHECK(napi_create_reference(napi, error, 1, &env_.thrown) == napi_ok, "JavaScript threw what is no object");
    throw ThrownByJavaScript("JavaScript threw");
  }

  Env& env_;
  std::shared_ptr<UnusedRefs> unused_;
  napi_ref ref_ = nullptr;
};

// Makes the results again from the saved inputs, with a graph this time, and goes back through it.
class Replay final : public Node {
 public:
  Replay(Env& env, napi_value function, const variable_list& inputs, const variable_list& parameters)
      : callback_(std::make_unique<Callback>(env, function)), inputs_(save(inputs)), parameters_(save(parameters)) {
    for (const variable_list* list : {&inputs, &parameters}) {
      for (const at::Tensor& tensor : *list) add_next_edge(torch::autograd::impl::gradient_edge(tensor));
    }
    add_input_metadata(signal());
  }

  // What Gate sends: see there.
  static at::Tensor signal() { return at::zeros({}); }

  std::string name() const override { return "Recompute"; }

  variable_list apply(variable_list&&) override {
    TORCH_CHECK(!c10::GradMode::is_enabled(), "recompute has first derivatives only");
    TORCH_CHECK(callback_, "trying to go back through recomputed results a second time: use retainGraph the first time");
    variable_list leaves;
    for (SavedVariable& saved : inputs_) {
      const at::Tensor input = saved.unpack();
      leaves.push_back(input.detach().set_requires_grad(input.requires_grad()));
    }
    const variable_list results = (*callback_)(leaves);
    TORCH_CHECK(results.size() == resultCount, "the body of recompute gave ", resultCount, " tensors and then ",
                results.size());
    for (SavedVariable& saved : parameters_) leaves.push_back(saved.unpack());

    variable_list roots, rootGradients;
    for (size_t i = 0; i < differentiable.size(); i++) {
      const at::Tensor& result = results[differentiable[i]];
      if (!gradients[i].defined() || !result.requires_grad()) continue;
      roots.push_back(result);
      rootGradients.push_back(std::move(gradients[i]));
    }
    gradients.clear();
    variable_list wanted;
    for (size_t i = 0; i < leaves.size(); i++) {
      if (task_should_compute_output(i)) wanted.push_back(leaves[i]);
    }
    variable_list all(leaves.size());
    if (roots.empty() || wanted.empty()) return all;
    variable_list found = torch::autograd::grad(roots, wanted, rootGradients, /*retain_graph=*/false,
                                                /*create_graph=*/false, /*allow_unused=*/true);
    for (size_t i = 0, next = 0; i < leaves.size(); i++) {
      if (task_should_compute_output(i)) all[i] = std::move(found[next++]);
    }
    return all;
  }

  void release_variables() override {
    callback_.reset();
    inputs_.clear();
    parameters_.clear();
    gradients.clear();
  }

  size_t resultCount = 0;
  // Results that can have a gradient, and their gradients once they are known.
  std::vector<size_t> differentiable;
  variable_list gradients;

 private:
  static std::vector<SavedVariable> save(const variable_list& tensors) {
    std::vector<SavedVariable> saved;
    saved.reserve(tensors.size());
    for (const at::Tensor& tensor : tensors) saved.emplace_back(tensor, /*is_output=*/false);
    return saved;
  }

  std::unique_ptr<Callback> callback_;
  std::vector<SavedVariable> inputs_;
  std::vector<SavedVariable> parameters_;
};

// The results' own node. libtorch runs a node on the thread of its gradients' device, and what comes from the CPU on the
// thread that called backward. So this one puts the gradients aside and sends on a number on the CPU instead.
class Gate final : public Node {
 public:
  explicit Gate(NodePointer replay) : replay_(static_cast<Replay&>(*replay)) {
    add_next_edge(Edge(std::move(replay), 0));
  }

  std::string name() const override { return "RecomputeGate"; }

  variable_list apply(variable_list&& gradients) override {
    replay_.gradients = std::move(gradients);
    return {Replay::signal()};
  }

 private:
  Replay& replay_;  // which the edge keeps alive
};

bool anyRequiresGrad(const variable_list& tensors) {
  for (const at::Tensor& tensor : tensors) {
    if (tensor.requires_grad()) return true;
  }
  return false;
}

// recompute(callback): in the buffer the lists of results, inputs and parameters; there the results come back, with a
// history
napi_value recompute(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    env.dropUnusedRefs();
    const Args args(napi, info);
    const double* next = env.buffer;
    variable_list results = readTensors(env, next);
    const variable_list inputs = readTensors(env, next);
    const variable_list parameters = readTensors(env, next);
    // A variable of its own: a result may be an input, or the same tensor twice.
    for (at::Tensor& result : results) result = result.variable_data();
    if (anyRequiresGrad(inputs) || anyRequiresGrad(parameters)) {
      const auto replay = makeNode<Replay>(env, args.value(0), inputs, parameters);
      const NodePointer gate = makeNode<Gate>(replay);
      replay->resultCount = results.size();
      for (size_t i = 0; i < results.size(); i++) {
        if (!torch::autograd::isDifferentiableType(results[i].scalar_type())) continue;
        replay->differentiable.push_back(i);
        setHistory(results[i], gate);
      }
    }
    for (size_t i = 0; i < results.size(); i++) {
      env.buffer[i] = static_cast<double>(env.tensors.insert(std::move(results[i])));
    }
    return nullptr;
  });
}

// recomputed(): takes the results, a list in the buffer, from a callback that is about to return
napi_value recomputed(napi_env napi, napi_callback_info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const double* next = env.buffer;
    env.recomputed = readTensors(env, next);
    return nullptr;
  });
}

}  // namespace

void exportRecompute(napi_env env, napi_value exports) {
  exportFunction(env, exports, "recompute", recompute);
  exportFunction(env, exports, "recomputed", recomputed);
}

}  // namespace tslm
