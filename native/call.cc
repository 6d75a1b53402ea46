// Boxed calls: JavaScript writes the arguments of an operator into the shared buffer, each as a tag and a payload; here
// they become the generic values that libtorch's dispatcher takes, converted by the operator's own schema, and the
// results go back the same way. One function serves every operator of every libtorch version.
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
#include <ATen/ScalarOps.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <ATen/core/stack.h>

#include <sstream>

#include "env.h"

namespace tslm {
namespace {

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

c10::TypePtr withoutOptional(const c10::TypePtr& type) {
  return type->kind() == TypeKind::OptionalType ? type->castRaw<c10::OptionalType>()->getElementType() : type;
}

bool isOptional(const c10::TypePtr& type) { return type->kind() == TypeKind::OptionalType; }

c10::TypePtr elementOf(const c10::TypePtr& list) { return list->castRaw<c10::ListType>()->getElementType(); }

// Reads tagged values from the buffer, in order.
class Reader {
 public:
  explicit Reader(Env& env) : env_(env), next_(env.buffer), end_(env.buffer + env.bufferLength) {}

  IValue read(const c10::Argument& argument) {
    const int tag = static_cast<int>(take());
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

  IValue convert(int tag, const c10::Type& type, const c10::Argument& argument) {
    switch (tag) {
      case kNone:
        return IValue();
      case kTensor:
        return env_.tensors.at(static_cast<int64_t>(take()));
      case kInt: {
        const auto value = static_cast<int64_t>(take());
        if (type.kind() == TypeKind::FloatType) return static_cast<double>(value);
        if (type.kind() == TypeKind::TensorType) return wrappedNumber(value);
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
        const std::string& text = env_.strings.at(static_cast<size_t>(take()));
        if (type.kind() == TypeKind::DeviceObjType) return c10::Device(text);
        return text;
      }
      case kGenerator:
        return env_.generators.at(static_cast<int64_t>(take()));
      default:
        TORCH_CHECK(false, "unknown tag ", tag, " for argument '", argument.name(), "'");
    }
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
  c10::List<T> readList() {
    c10::List<T> list;
    const auto count = static_cast<size_t>(take());
    list.reserve(count);
    for (size_t i = 0; i < count; i++) list.push_back(static_cast<T>(take()));
    return list;
  }

  c10::List<at::Tensor> readTensors(const c10::Argument& argument) {
    c10::List<at::Tensor> list;
    const auto count = static_cast<size_t>(take());
    list.reserve(count);
    for (size_t i = 0; i < count; i++) {
      const auto handle = static_cast<int64_t>(take());
      TORCH_CHECK(handle >= 0, "argument '", argument.name(), "' takes no null in its list");
      list.push_back(env_.tensors.at(handle));
    }
    return list;
  }

  c10::List<Optional<at::Tensor>> readOptionalTensors() {
    c10::List<Optional<at::Tensor>> list;
    const auto count = static_cast<size_t>(take());
    list.reserve(count);
    for (size_t i = 0; i < count; i++) {
      const auto handle = static_cast<int64_t>(take());
      list.push_back(handle < 0 ? Optional<at::Tensor>() : Optional<at::Tensor>(env_.tensors.at(handle)));
    }
    return list;
  }

  Env& env_;
  double* next_;
  double* end_;
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

// An error must not leave tensors on the stack, where they would live until the next call.
struct StackCleaner {
  torch::jit::Stack& stack;
  ~StackCleaner() { stack.clear(); }
};

// What JavaScript needs to know of an argument to encode it: the kind of value, and of its elements for a list.
std::string kindOf(const c10::TypePtr& declared) {
  const c10::TypePtr type = withoutOptional(declared);
  switch (type->kind()) {
    case TypeKind::TensorType:
      return "Tensor";
    case TypeKind::NumberType:
      return "Scalar";
    case TypeKind::IntType:
      return "int";
    case TypeKind::FloatType:
      return "float";
    case TypeKind::BoolType:
      return "bool";
    case TypeKind::StringType:
      return "str";
    case TypeKind::DeviceObjType:
      return "Device";
    case TypeKind::GeneratorType:
      return "Generator";
    case TypeKind::ListType:
      return kindOf(elementOf(type)) + "[]";
    default:
      return type->str();
  }
}

// setBuffer(Float64Array)
napi_value setBuffer(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const Args args(napi, info);
    void* data;
    napi_get_typedarray_info(napi, args.value(0), nullptr, &env.bufferLength, &data, nullptr, nullptr);
    napi_create_reference(napi, args.value(0), 1, &env.bufferRef);
    env.buffer = static_cast<double*>(data);
    return nullptr;
  });
}

// internString(text) -> index
napi_value internString(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&] {
    Env& env = *envOf(napi);
    env.strings.push_back(Args(napi, info).string(0));
    return makeNumber(napi, static_cast<double>(env.strings.size() - 1));
  });
}

// resolveOperator(name, overload) -> { id, schema, kinds, names, returns, returnsArgument } or undefined
napi_value resolveOperator(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const Args args(napi, info);
    const auto found = c10::Dispatcher::singleton().findSchema({args.string(0), args.string(1)});
    if (!found) return nullptr;
    env.operators.push_back(*found);
    const c10::FunctionSchema& schema = found->schema();
    napi_value result, kinds, names;
    napi_create_object(napi, &result);
    napi_create_array(napi, &kinds);
    napi_create_array(napi, &names);
    uint32_t index = 0;
    for (const c10::Argument& argument : schema.arguments()) {
      napi_set_element(napi, kinds, index, makeString(napi, kindOf(argument.type())));
      napi_set_element(napi, names, index++, makeString(napi, argument.name()));
    }
    // An operator that works in place returns the argument it wrote to: JavaScript hands back its own object.
    int returnsArgument = -1;
    if (schema.returns().size() == 1 && schema.returns()[0].alias_info() && schema.returns()[0].alias_info()->isWrite()) {
      for (size_t i = 0; i < schema.arguments().size(); i++) {
        const auto* alias = schema.arguments()[i].alias_info();
        if (alias && *alias == *schema.returns()[0].alias_info()) returnsArgument = static_cast<int>(i);
      }
    }
    std::ostringstream text;
    text << schema;
    setProperty(napi, result, "id", makeNumber(napi, static_cast<double>(env.operators.size() - 1)));
    setProperty(napi, result, "schema", makeString(napi, text.str()));
    setProperty(napi, result, "kinds", kinds);
    setProperty(napi, result, "names", names);
    setProperty(napi, result, "returns", makeNumber(napi, static_cast<double>(schema.returns().size())));
    setProperty(napi, result, "returnsArgument", makeNumber(napi, returnsArgument));
    return result;
  });
}

// call(id, discardResults): arguments and results in the buffer
napi_value call(napi_env napi, napi_callback_info info) {
  return guarded(napi, [&]() -> napi_value {
    Env& env = *envOf(napi);
    const Args args(napi, info);
    const c10::OperatorHandle& op = env.operators.at(static_cast<size_t>(args.integer(0)));
    torch::jit::Stack& stack = env.stack;
    const StackCleaner cleaner{stack};
    Reader reader(env);
    for (const c10::Argument& argument : op.schema().arguments()) stack.push_back(reader.read(argument));
    op.callBoxed(&stack);
    if (!args.boolean(1)) {
      Writer writer(env);
      for (const IValue& value : stack) writer.write(value);
    }
    return nullptr;
  });
}

// operatorNames() -> every `namespace::name.overload` that the dispatcher knows
napi_value operatorNames(napi_env napi, napi_callback_info) {
  return guarded(napi, [&] {
    napi_value result;
    napi_create_array(napi, &result);
    uint32_t index = 0;
    for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
      const std::string text = name.overload_name.empty() ? name.name : name.name + "." + name.overload_name;
      napi_set_element(napi, result, index++, makeString(napi, text));
    }
    return result;
  });
}

}  // namespace

void exportCalls(napi_env env, napi_value exports) {
  exportFunction(env, exports, "setBuffer", setBuffer);
  exportFunction(env, exports, "internString", internString);
  exportFunction(env, exports, "resolveOperator", resolveOperator);
  exportFunction(env, exports, "call", call);
  exportFunction(env, exports, "operatorNames", operatorNames);
}

}  // namespace tslm
