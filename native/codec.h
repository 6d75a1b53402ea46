// The tagged numbers of the shared buffer and the generic values of libtorch's dispatcher, each from the other. The other
// side is `src/torch/call.ts`.
//
//   tag        payload
//   0 none
//   1 tensor   handle
//   2 integer  value
//   3 float    value
//   4 boolean  0 or 1
//   5 integers count, values
//   6 floats   count, values
//   7 booleans count, values
//   8 tensors  count, handles (-1: none)
//   9 string   index of an interned string
//  10 generator handle
//  11 default  (the schema's default value)
#pragma once

#include <ATen/ScalarOps.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <type_traits>

#include "env.h"

namespace tslm {

using c10::IValue;
using c10::TypeKind;

enum Tag : int {
  kNone = 0,
  kTensor,
  kInt,
  kFloat,
  kBool,
  kInts,
  kFloats,
  kBools,
  kTensors,
  kString,
  kGenerator,
  kDefault,
};

inline c10::TypePtr withoutOptional(const c10::TypePtr& type) {
  return type->kind() == TypeKind::OptionalType ? type->castRaw<c10::OptionalType>()->getElementType() : type;
}

inline bool isOptional(const c10::TypePtr& type) { return type->kind() == TypeKind::OptionalType; }

inline c10::TypePtr elementOf(const c10::TypePtr& list) { return list->castRaw<c10::ListType>()->getElementType(); }

// Reads tagged values from the buffer, in order.
class Reader {
 public:
  explicit Reader(Env& env) : env_(env), next_(env.buffer), end_(env.buffer + env.bufferLength) {}

  IValue read(const c10::Argument& argument) {
    const int64_t tag = takeInteger();
    if (tag == kDefault) {
      if (argument.default_value()) return *argument.default_value();
      TORCH_CHECK(isOptional(argument.type()), "argument '", argument.name(), "' is missing");
      return IValue();
    }
    return convert(tag, *withoutOptional(argument.type()), argument);
  }

 private:
  double take() {
    TORCH_CHECK(next_ < end_, "the arguments do not fit the buffer of ", env_.bufferLength, " numbers");
    return *next_++;
  }

  int64_t takeInteger() { return integerOf(take()); }

  IValue convert(int64_t tag, const c10::Type& type, const c10::Argument& argument) {
    switch (tag) {
      case kNone:
        return IValue();
      case kTensor:
        return env_.tensors.at(takeInteger());
      case kInt: {
        const int64_t value = takeInteger();
        if (type.kind() == TypeKind::FloatType) return static_cast<double>(value);
        if (type.kind() == TypeKind::TensorType) return wrappedNumber(value);
        requireMember(value, argument);
        return value;
      }
      case kFloat: {
        const double value = take();
        if (type.kind() == TypeKind::TensorType) return wrappedNumber(value);
        return value;
      }
      case kBool:
        return take() != 0;
      case kInts:
        return type.kind() == TypeKind::ListType && elementOf(argument)->kind() == TypeKind::FloatType
                   ? IValue(readList<double>())
                   : IValue(readList<int64_t>());
      case kFloats:
        return readList<double>();
      case kBools:
        return readList<bool>();
      case kTensors:
        return isOptional(elementOf(argument)) ? IValue(readOptionalTensors()) : IValue(readTensors(argument));
      case kString: {
        const std::string& text = env_.strings.at(static_cast<size_t>(takeInteger()));
        if (type.kind() == TypeKind::DeviceObjType) return c10::Device(text);
        return text;
      }
      case kGenerator:
        return env_.generators.at(takeInteger());
      default:
        TORCH_CHECK(false, "unknown tag ", tag, " for argument '", argument.name(), "'");
    }
  }

  // Element types, layouts and memory formats are plain integers to the dispatcher; libtorch reads beyond its tables for one that
  // is none of them.
  static void requireMember(int64_t value, const c10::Argument& argument) {
    const c10::TypePtr& declared = argument.real_type();
    const TypeKind kind =
        isOptional(declared) ? declared->castRaw<c10::OptionalType>()->getElementType()->kind() : declared->kind();
    int64_t members;
    switch (kind) {
      case TypeKind::ScalarTypeType:
        members = static_cast<int64_t>(c10::ScalarType::Undefined);
        break;
      case TypeKind::LayoutType:
        members = static_cast<int64_t>(c10::Layout::NumOptions);
        break;
      case TypeKind::MemoryFormatType:
        members = static_cast<int64_t>(c10::MemoryFormat::NumOptions);
        break;
      default:
        return;
    }
    TORCH_CHECK(value >= 0 && value < members, "argument '", argument.name(), "' takes no ", value);
  }

  // A number in a tensor's place takes part in type promotion as a Python number does.
  template <class T>
  static at::Tensor wrappedNumber(T value) {
    at::Tensor tensor = c10::scalar_to_tensor(c10::Scalar(value));
    tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
    return tensor;
  }

  static c10::TypePtr elementOf(const c10::Argument& argument) {
    const c10::TypePtr type = withoutOptional(argument.type());
    TORCH_CHECK(type->kind() == TypeKind::ListType, "argument '", argument.name(), "' takes ", type->str(),
                ", not a list");
    return tslm::elementOf(type);
  }

  template <class T>
  T takeElement() {
    if constexpr (std::is_same_v<T, int64_t>) return takeInteger();
    if constexpr (std::is_same_v<T, bool>) return take() != 0;
    return take();
  }

  template <class T>
  c10::List<T> readList() {
    c10::List<T> list;
    const size_t count = takeCount(env_, next_);
    list.reserve(count);
    for (size_t i = 0; i < count; i++) list.push_back(takeElement<T>());
    return list;
  }

  c10::List<at::Tensor> readTensors(const c10::Argument& argument) {
    c10::List<at::Tensor> list;
    const size_t count = takeCount(env_, next_);
    list.reserve(count);
    for (size_t i = 0; i < count; i++) {
      const int64_t handle = takeInteger();
      TORCH_CHECK(handle >= 0, "argument '", argument.name(), "' takes no null in its list");
      list.push_back(env_.tensors.at(handle));
    }
    return list;
  }

  c10::List<Optional<at::Tensor>> readOptionalTensors() {
    c10::List<Optional<at::Tensor>> list;
    const size_t count = takeCount(env_, next_);
    list.reserve(count);
    for (size_t i = 0; i < count; i++) {
      const int64_t handle = takeInteger();
      list.push_back(handle < 0 ? Optional<at::Tensor>() : Optional<at::Tensor>(env_.tensors.at(handle)));
    }
    return list;
  }

  Env& env_;
  const double* next_;
  const double* end_;
};

class Writer {
 public:
  explicit Writer(Env& env) : env_(env), next_(env.buffer), end_(env.buffer + env.bufferLength) {}

  void write(const IValue& value) {
    if (value.isTensor()) {
      put(value.toTensor().defined() ? kTensor : kNone);
      if (value.toTensor().defined()) put(env_.tensors.insert(value.toTensor()));
    } else if (value.isInt()) {
      put(kInt);
      put(static_cast<double>(value.toInt()));
    } else if (value.isDouble()) {
      put(kFloat);
      put(value.toDouble());
    } else if (value.isBool()) {
      put(kBool);
      put(value.toBool());
    } else if (value.isTensorList()) {
      put(kTensors);
      const auto tensors = value.toTensorVector();
      put(static_cast<double>(tensors.size()));
      for (const at::Tensor& tensor : tensors) put(tensor.defined() ? env_.tensors.insert(tensor) : -1);
    } else if (value.isIntList()) {
      put(kInts);
      const auto values = value.toIntVector();
      put(static_cast<double>(values.size()));
      for (int64_t v : values) put(static_cast<double>(v));
    } else if (value.isNone()) {
      put(kNone);
    } else {
      TORCH_CHECK(false, "results of type ", value.tagKind(), " cannot be handed to JavaScript");
    }
  }

 private:
  void put(double value) {
    TORCH_CHECK(next_ < end_, "the results do not fit the buffer of ", env_.bufferLength, " numbers");
    *next_++ = value;
  }

  Env& env_;
  double* next_;
  double* end_;
};

}  // namespace tslm
