// The module that Node loads: its environment data and the list of what it exports.
#include "env.h"

namespace tslm {

Env* envOf(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return static_cast<Env*>(data);
}

void Env::dropUnusedRefs() {
  std::vector<napi_ref> refs;
  {
    std::lock_guard<std::mutex> lock(unusedRefs->mutex);
    refs.swap(unusedRefs->refs);
  }
  for (napi_ref ref : refs) napi_delete_reference(napi, ref);
}

void throwAgain(napi_env napi) {
  Env& env = *envOf(napi);
  napi_value error;
  napi_get_reference_value(napi, env.thrown, &error);
  napi_delete_reference(napi, env.thrown);
  env.thrown = nullptr;
  napi_throw(napi, error);
}

double Args::number(size_t i) const {
  double result;
  TORCH_CHECK(napi_get_value_double(env_, values_[i], &result) == napi_ok, "argument ", i, " must be a number");
  return result;
}

bool Args::boolean(size_t i) const {
  bool result;
  TORCH_CHECK(napi_get_value_bool(env_, values_[i], &result) == napi_ok, "argument ", i, " must be a boolean");
  return result;
}

std::string Args::string(size_t i) const {
  size_t length;
  TORCH_CHECK(napi_get_value_string_utf8(env_, values_[i], nullptr, 0, &length) == napi_ok, "argument ", i,
              " must be a string");
  std::string result(length, '\0');
  napi_get_value_string_utf8(env_, values_[i], &result[0], length + 1, &length);
  return result;
}

napi_value makeNumber(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

napi_value makeString(napi_env env, const std::string& value) {
  napi_value result;
  napi_create_string_utf8(env, value.data(), value.size(), &result);
  return result;
}

void setProperty(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

void exportFunction(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  setProperty(env, exports, name, function);
}

}  // namespace tslm

NAPI_MODULE_INIT() {
  auto* data = new tslm::Env();
  data->napi = env;
  napi_set_instance_data(
      env, data, [](napi_env, void* pointer, void*) { delete static_cast<tslm::Env*>(pointer); }, nullptr);
  tslm::installAllocator();
  tslm::exportCalls(env, exports);
  tslm::exportStorage(env, exports);
  tslm::exportAutograd(env, exports);
  tslm::exportRecompute(env, exports);
  tslm::exportRuntime(env, exports);
  return exports;
}
