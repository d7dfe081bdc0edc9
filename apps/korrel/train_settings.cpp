#include <apps/korrel/commands.h>
#include <apps/korrel/train_settings.h>
#include <korrel/framework/base/check.h>
#include <korrel/framework/base/parallel.h>
#include <korrel/framework/base/version.h>
#include <korrel/framework/io/input_file.h>
#include <korrel/framework/kernels/targets.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace korrel::app {
namespace {

using nlohmann::ordered_json;

constexpr int64_t longest_config = 1 << 20;

// Calls visit(name, value) for each setting that belongs to the run.
template <class Settings, class Visit>
void each_setting(Settings& s, const Visit& visit) {
  visit("model", s.model);
  visit("data", s.data);
  visit("data_dir", s.data_dir);
  visit("epochs", s.epochs);
  visit("batch_size", s.batch_size);
  visit("optimizer", s.optimizer);
  visit("lr", s.lr);
  visit("momentum", s.momentum);
  visit("nesterov", s.nesterov);
  visit("weight_decay", s.weight_decay);
  visit("schedule", s.schedule);
  visit("step_size", s.step_size);
  visit("gamma", s.gamma);
  visit("augment", s.augment);
  visit("label_smoothing", s.label_smoothing);
  visit("mixup", s.mixup);
  visit("ema", s.ema);
  visit("limit", s.limit);
  visit("hold_out", s.hold_out);
  visit("workers", s.workers);
  visit("seed", s.seed);
  visit("threads", s.threads);
  visit("out", s.out);
}

ordered_json as_json(const TrainSettings& settings) {
  ordered_json config = ordered_json::object();
  each_setting(settings, [&](const char* name, const auto& value) { config[name] = value; });
  return config;
}

ordered_json read_config(const std::string& path) {
  InputFile file(path);
  check<IoError>(file.size() <= longest_config, "{}: {} bytes are too many for a config.json", path, file.size());
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  file.read_at(0, text.data(), text.size());
  ordered_json config = ordered_json::parse(text, nullptr, false);
  check<IoError>(config.is_object(), "{}: not a JSON object", path);
  return config;
}

// A number for a number, text for text, true or false for the same.
template <class T>
bool has_type(const ordered_json& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.is_string();
  } else if constexpr (std::is_same_v<T, double>) {
    return value.is_number();
  } else if (value.is_number_unsigned()) {
    return value.get<uint64_t>() <= uint64_t(std::numeric_limits<T>::max());
  } else {
    return value.is_number_integer() && std::is_signed_v<T> &&
           value.get<int64_t>() >= int64_t(std::numeric_limits<T>::min());
  }
}

}  // namespace

std::string config_json(const TrainSettings& settings) {
  ordered_json config = as_json(settings);
  config["threads"] = num_threads();
  config["korrel"] = version();
  config["simd"] = kernels::active_target();
  return config.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

TrainSettings resumed_settings(const TrainSettings& asked) {
  std::string path = asked.resume + "/config.json";
  ordered_json config = read_config(path), wanted = as_json(asked);
  for (const std::string& name : asked.given) {
    bool may_change = name == "epochs" || name == "threads" || name == "workers" || name == "data_dir";
    if (!may_change && config.contains(name) && config[name] != wanted[name])
      throw UsageError(fmt::format("{} {} differs from the run's {} ({}); --resume goes on with the run's own settings",
                                   name, wanted[name].dump(), config[name].dump(), path));
    if (may_change) config[name] = wanted[name];
  }
  TrainSettings settings;
  each_setting(settings, [&]<class T>(const char* name, T& value) {
    check<IoError>(config.contains(name), "{}: it has no '{}'", path, name);
    check<IoError>(has_type<T>(config[name]), "{}: '{}' cannot be {}", path, name, config[name].dump());
    value = config[name].get<T>();
  });
  settings.out = settings.resume = asked.resume;
  settings.stop_after = asked.stop_after;
  return settings;
}

}  // namespace korrel::app
