// Boxed calls: JavaScript writes the arguments of an operator into the shared buffer, each as a tag and a payload; here
// they become the generic values that libtorch's dispatcher takes, converted by the operator's own schema, and the
// results go back the same way. One function serves every operator of every libtorch version.
#include <ATen/core/stack.h>

#include <sstream>

#include "codec.h"

namespace tslm {
namespace {

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
