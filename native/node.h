// Nodes of the autograd graph of our own, whatever holds them: a shared pointer up to libtorch 2.11 or so, an intrusive
// one since. Which it is, the edges between nodes say.
#pragma once

#include <c10/util/intrusive_ptr.h>
#include <torch/csrc/autograd/edge.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <type_traits>
#include <utility>

namespace tslm {

// std::shared_ptr<Node> or c10::intrusive_ptr<Node>
using NodePointer = decltype(torch::autograd::Edge::function);

// A pointer to a new `T`, which is a kind of Node, that an edge can hold.
template <class T, class... Args>
auto makeNode(Args&&... args) {
  if constexpr (std::is_same_v<NodePointer, std::shared_ptr<torch::autograd::Node>>) {
    // Frees a long chain of nodes in a loop. It is found among the relations of T, where this version has it.
    const auto release = [](T* node) { deleteNode(node); };
    return std::shared_ptr<T>(new T(std::forward<Args>(args)...), release);
  } else {
    return c10::make_intrusive<T>(std::forward<Args>(args)...);
  }
}

// Says that `result` came out of `node`: its gradient goes there, as the next of the node's inputs.
inline void setHistory(const at::Tensor& result, const NodePointer& node) {
  torch::autograd::impl::set_gradient_edge(result, {node, node->add_input_metadata(result)});
}

}  // namespace tslm
