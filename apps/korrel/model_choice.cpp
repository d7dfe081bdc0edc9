#include <apps/korrel/commands.h>
#include <apps/korrel/model_choice.h>
#include <korrel/framework/base/check.h>
#include <korrel/models/catalogue.h>

namespace korrel::app {

datasets::CatalogueEntry find_data(const std::string& name) {
  try {
    return datasets::find_dataset(name);
  } catch (const ValueError& error) {
    throw UsageError(error.what());
  }
}

nn::AnyModule make_model(const std::string& name, const Shape& sample, int64_t classes) {
  try {
    return models::make_model(name, sample, classes);
  } catch (const ValueError& error) {
    throw UsageError(error.what());
  }
}

std::string models_text() {
  std::string text;
  for (const models::CatalogueEntry& entry : models::catalogue()) {
    text +=
        fmt::format("  {:<16}{:<12}{} classes: {}\n", entry.name, sizes_text(entry.input), entry.classes, entry.what);
  }
  return text;
}

std::string sizes_text(const Shape& shape) {
  std::string text;
  for (int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

}  // namespace korrel::app
